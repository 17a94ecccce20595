import cluster from 'node:cluster';

/** What a process says to the parent that runs it. */
export interface Ready {
  readonly kind: 'ready';
}

/** Whether a parent runs this process as one of many. */
export function isOneOfMany(): boolean {
  return cluster.isWorker;
}

/** The start has worked: the parent may start it again when it dies. */
export function tellParent(): void {
  if (cluster.isWorker) process.send?.({ kind: 'ready' } satisfies Ready);
}
