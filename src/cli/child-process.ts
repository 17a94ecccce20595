import cluster from 'node:cluster';

/** The message of a process to its parent. */
export interface Ready {
  readonly kind: 'ready';
}

/** Whether a parent (`--processes`) runs this process. */
export function isChildProcess(): boolean {
  return cluster.isWorker;
}

/** Reports a successful start, after which the parent restarts the process if it dies. */
export function reportReady(): void {
  if (cluster.isWorker) process.send?.({ kind: 'ready' } satisfies Ready);
}
