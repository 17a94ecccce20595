import type { Command } from 'commander';
import { SystemClock } from '../../../app/clock.ts';
import { type ForwardedEvent, newSecret, webhookOf } from '../../../app/logging/index.ts';
import { rawData } from '../exact-json.ts';
import type { Output } from '../output.ts';
import { type GlobalOptions, openSession, UsageError } from '../session.ts';

const TIMEOUT_MS = 30_000;

interface ListenOptions {
  readonly forward: string;
  readonly types?: string;
  readonly inbox?: string;
  readonly secret?: string;
}

/** `listen`: forwards the organization's events to a receiver on this machine, behind any firewall. */
export function addListen(program: Command): void {
  program
    .command('listen')
    .description('forwards events to a receiver on this machine, signed like a webhook')
    .requiredOption('--forward <url>', 'URL of the receiver, such as http://localhost:3000/hook')
    .option('--types <patterns>', 'comma-separated types or patterns such as order.*')
    .option('--inbox <name>', 'leases events from an inbox: none is missed, and refused events are sent again')
    .option('--secret <secret>', 'signing secret (whsec_…); default: a new one')
    .addHelpText(
      'after',
      `
Examples
  $ triggers listen --forward http://localhost:3000/hook
  $ triggers listen --forward http://localhost:3000/hook --types 'order.*' --inbox default

Without --inbox it shows events as they happen, and what came while it was away is not sent.
Ctrl-C ends it.`,
    )
    .action(async (options: ListenOptions, command: Command) => {
      const session = openSession(command.optsWithGlobals<GlobalOptions>());
      if (!/^https?:\/\//.test(options.forward) || !URL.canParse(options.forward)) {
        throw new UsageError('--forward must be an http:// or https:// URL such as http://localhost:3000/hook.');
      }
      const { client, output, signal, url } = session;
      const secret = options.secret ?? newSecret();
      const types = options.types?.split(',');
      const forwarder = new Forwarder(options.forward, secret, output);
      output.say(`Forwarding ${output.style('cyan', options.types ?? 'all events')} of ${url} to ${options.forward}`);
      output.say(`Verify with ${output.style('bold', secret)}. Ctrl-C stops.\n`);
      if (options.inbox !== undefined) {
        const wanted = types === undefined ? {} : { eventTypes: types };
        await client.inbox.consume(
          async (message) => {
            if (!(await forwarder.forward(message, message.lease_count))) throw new Error('refused');
          },
          { ...wanted, inbox: options.inbox, signal, retryDelaySeconds: 5 },
        );
        return;
      }
      for await (const message of client.stream({
        signal,
        kinds: ['event'],
        ...(types === undefined ? {} : { types }),
      })) {
        // Events are forwarded concurrently, like deliveries.
        if (message.kind === 'event') void forwarder.forward(message.data, 1);
      }
    });
}

class Forwarder {
  readonly #url: string;
  readonly #secret: string;
  readonly #output: Output;
  readonly #clock = new SystemClock();

  constructor(url: string, secret: string, output: Output) {
    this.#url = url;
    this.#secret = secret;
    this.#output = output;
  }

  /** @returns whether the receiver accepted the event */
  async forward(event: ForwardedEvent, attempt: number): Promise<boolean> {
    const { headers, body } = webhookOf({
      event,
      rawData: rawData(event),
      url: this.#url,
      secret: this.#secret,
      attempt,
      at: this.#clock.now(),
    });
    const since = this.#clock.monotonicMs();
    let answer: string;
    let isGood = false;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(this.#url, { method: 'POST', headers, body, redirect: 'manual', signal });
      await response.body?.cancel();
      isGood = response.ok;
      answer = String(response.status);
    } catch (error) {
      const { cause } = error as Error;
      answer = (cause as NodeJS.ErrnoException | undefined)?.code ?? (error as Error).name;
    }
    const ms = Math.round(this.#clock.monotonicMs() - since);
    const shown = this.#output.style(isGood ? 'green' : 'red', answer);
    this.#output.result(
      { event_id: event.id, type: event.type, delivered: isGood, answer, duration_ms: ms },
      `${this.#output.style('dim', event.created_at)}  ${this.#output.style('cyan', event.type)}  ${event.id}  ${shown}  ${ms} ms`,
    );
    return isGood;
  }
}
