import type { AttemptOutcome } from '../../core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import type { EventId } from '../../core/ids.ts';
import type { Milliseconds, Timestamp } from '../../core/time.ts';
import type { Tracer } from '../../ports/observability/tracer.ts';
import type { ClaimedDelivery } from '../../ports/record/delivery-queue.ts';
import type { AcceptOutcome } from '../../ports/record/intake.ts';
import { attributes, CLIENT, CONSUMER, ERROR, nanoseconds, newSpanId, readContext, SERVER, type Span } from './span.ts';
import type { SpanExport } from './span-export.ts';

/** Client spans whose accept spans are not exported yet. Beyond this, the oldest is forgotten. */
const MAX_BEGUN = 10_000;

/**
 * Creates the spans of an event in the client's trace: accept, below it persist and attempts. The stored `traceparent` of the
 * event contains the context of its accept span. Sampling is decided at acceptance, and applies in every process.
 */
export class OtlpTracer implements Tracer {
  readonly #export: SpanExport;
  readonly #ratio: number;
  readonly #parents = new Map<EventId, string>();

  /** @param ratio share of recorded traces among those that begin in this service */
  constructor(spanExport: SpanExport, ratio: number) {
    this.#export = spanExport;
    this.#ratio = ratio;
  }

  begin(traceparent: string | null, id: EventId): string | null {
    if (traceparent === null) {
      // The id of the event is the trace id, as in webhook requests of events without a trace.
      const traceId = id.replaceAll('-', '');
      return this.#isChosen(traceId) ? `00-${traceId}-${newSpanId()}-01` : null;
    }
    const { traceId, spanId, sampled } = readContext(traceparent);
    if (!sampled) return traceparent;
    // Entries of events whose storing failed remain; the oldest is removed.
    for (const oldest of this.#parents.keys()) {
      if (this.#parents.size < MAX_BEGUN) break;
      this.#parents.delete(oldest);
    }
    this.#parents.set(id, spanId);
    return `00-${traceId}-${newSpanId()}-${traceparent.slice(53)}`;
  }

  accepted(
    events: readonly AcceptedEvent[],
    outcomes: readonly AcceptOutcome[],
    at: { readonly tookMs: Milliseconds; readonly isRecorded: boolean },
  ): void {
    events.forEach((event, index) => {
      const parentSpanId = this.#parents.get(event.id);
      this.#parents.delete(event.id);
      const context = sampledContext(event.traceparent);
      if (context === null) return;
      const outcome = outcomes[index]?.kind ?? 'unknown';
      const endedAt = event.createdAt + at.tookMs;
      this.#export.add({
        traceId: context.traceId,
        spanId: context.spanId,
        ...(parentSpanId === undefined ? {} : { parentSpanId }),
        name: 'accept event',
        kind: SERVER,
        startTimeUnixNano: nanoseconds(event.createdAt),
        endTimeUnixNano: nanoseconds(endedAt),
        attributes: attributes({ ...aboutEvent(event), 'triggers.outcome': outcome }),
      });
      if (at.isRecorded && outcome === 'accepted') this.#persist(event, event.createdAt, endedAt);
    });
  }

  persisted(event: AcceptedEvent, startedAt: Timestamp, endedAt: Timestamp): void {
    this.#persist(event, startedAt, endedAt);
  }

  attempted(
    deliveries: readonly ClaimedDelivery[],
    outcome: AttemptOutcome,
    sent: { readonly at: Timestamp; readonly traceparent: string },
  ): void {
    const request = readContext(sent.traceparent);
    deliveries.forEach((delivery, index) => {
      const context = sampledContext(delivery.event.traceparent);
      if (context === null) return;
      // The receiver gets the span of the first event. The spans of a batch's other events link to it.
      const own = index === 0 ? { spanId: request.spanId } : { spanId: newSpanId(), links: [request] };
      this.#export.add({ ...attemptSpan(delivery, outcome, sent.at), ...childOf(context), ...links(own) });
    });
  }

  close(): Promise<void> {
    return this.#export.close();
  }

  #persist(event: AcceptedEvent, startedAt: number, endedAt: number): void {
    const context = sampledContext(event.traceparent);
    if (context === null) return;
    this.#export.add({
      ...childOf(context),
      spanId: newSpanId(),
      name: 'persist event',
      kind: CONSUMER,
      startTimeUnixNano: nanoseconds(startedAt),
      endTimeUnixNano: nanoseconds(Math.max(startedAt, endedAt)),
      attributes: attributes(aboutEvent(event)),
    });
  }

  /** Decides by the random part of the trace id, so that every process decides the same. */
  #isChosen(traceId: string): boolean {
    return Number.parseInt(traceId.slice(-8), 16) < this.#ratio * 0x1_0000_0000;
  }
}

function attemptSpan(
  { id, endpointId, attemptNumber, event }: ClaimedDelivery,
  outcome: AttemptOutcome,
  at: Timestamp,
): Omit<Span, 'traceId' | 'spanId'> {
  return {
    name: `attempt ${attemptNumber}`,
    kind: CLIENT,
    startTimeUnixNano: nanoseconds(at),
    endTimeUnixNano: nanoseconds(at + outcome.durationMs),
    attributes: attributes({
      ...aboutEvent(event),
      'triggers.delivery_id': id,
      'triggers.endpoint_id': endpointId,
      'triggers.attempt': attemptNumber,
      'http.request.method': 'POST',
      'http.response.status_code': outcome.statusCode,
      'error.type': outcome.error,
    }),
    ...(outcome.error === null ? {} : { status: { code: ERROR, message: outcome.error } }),
  };
}

function sampledContext(traceparent: string | null) {
  const context = traceparent === null ? null : readContext(traceparent);
  return context?.sampled === true ? context : null;
}

function childOf({ traceId, spanId }: { traceId: string; spanId: string }) {
  return { traceId, parentSpanId: spanId };
}

function links({ spanId, links: linked }: { spanId: string; links?: { traceId: string; spanId: string }[] }) {
  if (linked === undefined) return { spanId };
  return { spanId, links: linked.map((link) => ({ traceId: link.traceId, spanId: link.spanId })) };
}

function aboutEvent({ id, type, organizationId }: AcceptedEvent): Record<string, string> {
  return { 'triggers.event_id': id, 'triggers.event_type': type, 'triggers.organization_id': organizationId };
}
