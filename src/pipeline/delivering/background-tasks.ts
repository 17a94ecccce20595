/** Work that runs in the background: `settled` can wait for it, and no rejection goes unhandled. */
export class BackgroundTasks {
  readonly #running = new Set<Promise<unknown>>();
  #stopping = false;

  /** From now on errors are ignored: unfinished deliveries are claimed again when their leases expire. */
  stop(): void {
    this.#stopping = true;
  }

  run(work: Promise<void>, onError: (error: unknown) => void): void {
    const task = work.catch((error: unknown) => {
      if (!this.#stopping) onError(error);
    });
    this.#running.add(task);
    void task.finally(() => this.#running.delete(task));
  }

  /** Resolves when no work is left, including work that was added meanwhile. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}
