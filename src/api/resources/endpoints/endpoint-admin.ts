import { randomBytes } from 'node:crypto';
import { checkCustomHeaders } from '../../../core/delivery/custom-headers.ts';
import { DEFAULT_OPTIONS, type DeliveryOptions, type Endpoint } from '../../../core/delivery/endpoint.ts';
import { isSecret, newSigningKey, SECRET_BYTES, secretFromBytes } from '../../../core/delivery/signature.ts';
import { isEventTypePattern } from '../../../core/events/event-type.ts';
import type { EndpointId } from '../../../core/ids.ts';
import { MAX_ENDPOINTS_PER_ORGANIZATION, MAX_RETRY_PAUSE_MS } from '../../../core/limits.ts';
import { type FieldError, invalidRequest } from '../../../core/problem.ts';
import { addMs, type Milliseconds, msOfSeconds, parseDuration, type Timestamp } from '../../../core/time.ts';
import type { Caller } from '../../../pipeline/access/index.ts';
import type { EndpointChange } from '../../../ports/store/endpoint-store.ts';
import type { ApiParts } from '../../context.ts';
import { invalidField, NOT_FOUND, ProblemError, problemError } from '../../http/answers/index.ts';
import { checkOptions, combinationErrors, readOptions } from './endpoint-options.ts';
import type { EndpointChanges, NewEndpoint } from './endpoint-schema.ts';

const SECRET_FORM = 'must be whsec_ followed by the base64 of 24 to 64 bytes';

const UNREADABLE = 'The stored row of this endpoint is unreadable. Delete the endpoint and create it again.';

/** Ordering groups that are unblocked in one step. */
const UNBLOCK_STEP = 500;

/** Creates, changes and removes endpoints, for all routes that do so. */
export class EndpointAdmin {
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  /** Throws `invalid_request`, `url_not_allowed` or `conflict`. */
  async create(caller: Caller, body: NewEndpoint, kind: { isDefault: boolean }): Promise<Endpoint> {
    const options = readOptions(DEFAULT_OPTIONS, body);
    await this.#check(body, options);
    const { ids, clock, engine, endpointDefaults: defaults } = this.#parts;
    const now = clock.now();
    const endpoint: Endpoint = {
      id: ids.next<EndpointId>(),
      organizationId: caller.organization.id,
      url: body.url,
      description: body.description ?? '',
      eventTypes: body.event_types ?? [],
      headers: body.headers ?? {},
      maxConcurrency: body.max_concurrency ?? 10,
      timeoutMs: body.timeout_seconds === undefined ? defaults.timeoutMs : msOfSeconds(body.timeout_seconds),
      retryPolicy: {
        maxAttempts: body.max_attempts ?? defaults.maxAttempts,
        schedule: body.retry_schedule === undefined ? defaults.schedule : readSchedule(body.retry_schedule),
      },
      status: body.enabled === false ? 'paused' : 'active',
      disabledReason: null,
      failingSince: null,
      lastFault: null,
      options,
      secret: body.secret ?? secretFromBytes(randomBytes(SECRET_BYTES)),
      previousSecret: null,
      isDefault: kind.isDefault,
      createdAt: now,
      updatedAt: now,
    };
    const outcome = await engine.store.endpoints.create(endpoint);
    if (outcome === 'conflict')
      throw problemError('conflict', 'Another request set the default endpoint at the same moment. Try again.');
    if (outcome === 'full') {
      throw problemError('conflict', `An organization may have at most ${MAX_ENDPOINTS_PER_ORGANIZATION} endpoints.`);
    }
    await this.#announce(endpoint);
    return endpoint;
  }

  /** Changes only the given fields. Also throws `not_found`. */
  async change(caller: Caller, id: EndpointId, body: EndpointChanges): Promise<Endpoint> {
    const { endpoints } = this.#parts.engine.store;
    const existing = await endpoints.get(caller.organization.id, id);
    if (existing === undefined) throw new ProblemError(NOT_FOUND);
    await this.#check(body, readOptions(existing.options, body));
    // The change is applied to the row as it is then: another change may have been made in between, and both were answered.
    const endpoint = await this.#update(caller, id, (before) => {
      const options = readOptions(before.options, body);
      const errors = combinationErrors(options);
      if (errors.length > 0) throw new ProblemError(invalidRequest(errors));
      return { ...this.#changeOf(before, body), options };
    });
    if (endpoint.url !== existing.url && endpoint.status === 'active') {
      await this.#parts.redeliveryService.scheduleRetriesNow(caller.organization.id, id);
    }
    if (mayOvertake(endpoint.options) && !mayOvertake(existing.options)) await this.#letOvertake(id);
    await this.#announce(endpoint);
    return endpoint;
  }

  /**
   * Rotates the secret. The old secret signs beside the new one for `graceMs`; an even older one signs no more. A rotation to
   * the current secret is a repeated request: the old secret keeps its grace period.
   */
  async rotateSecret(
    caller: Caller,
    id: EndpointId,
    { secret, graceMs }: { secret: string | undefined; graceMs: Milliseconds },
  ): Promise<Endpoint> {
    if (secret !== undefined && !isSecret(secret)) throw invalidField('secret', SECRET_FORM);
    const now = this.#parts.clock.now();
    const endpoint = await this.#update(caller, id, (before) => ({
      secret: secret ?? secretFromBytes(randomBytes(SECRET_BYTES)),
      previousSecret: graceMs === 0 ? null : previousSecretOf(before, secret, addMs(now, graceMs)),
      updatedAt: now,
    }));
    await this.#announce(endpoint);
    return endpoint;
  }

  /** The same for the key pair of `v1a`: receivers need the new public key before the old one stops signing. */
  async rotateSigningKey(caller: Caller, id: EndpointId, graceMs: Milliseconds): Promise<Endpoint> {
    const now = this.#parts.clock.now();
    const endpoint = await this.#update(caller, id, ({ options }) => ({
      options: { ...options, ...rotatedSigningKey(options, graceMs === 0 ? null : addMs(now, graceMs)) },
      updatedAt: now,
    }));
    await this.#announce(endpoint);
    return endpoint;
  }

  async remove(caller: Caller, id: EndpointId): Promise<void> {
    const organizationId = caller.organization.id;
    if (!(await this.#parts.engine.store.endpoints.remove(organizationId, id))) throw new ProblemError(NOT_FOUND);
    await this.#parts.engine.bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: id });
  }

  /** Throws `not_found`, and `conflict` for an endpoint whose row is unreadable. */
  async #update(caller: Caller, id: EndpointId, change: (before: Endpoint) => EndpointChange): Promise<Endpoint> {
    const { endpoints } = this.#parts.engine.store;
    const endpoint = await endpoints.update(caller.organization.id, id, (before) => {
      if (before.disabledReason === 'unreadable') throw problemError('conflict', UNREADABLE);
      return change(before);
    });
    if (endpoint === undefined) throw new ProblemError(NOT_FOUND);
    return endpoint;
  }

  /** Unblocks the ordering groups that wait behind a failed delivery. */
  async #letOvertake(id: EndpointId): Promise<void> {
    const { queue } = this.#parts.engine;
    while ((await queue.unblock(id, UNBLOCK_STEP)) === UNBLOCK_STEP);
  }

  #changeOf(existing: Endpoint, body: EndpointChanges): EndpointChange {
    const { maxAttempts, schedule } = existing.retryPolicy;
    return {
      updatedAt: this.#parts.clock.now(),
      ...(body.url === undefined ? {} : { url: body.url }),
      ...(body.description === undefined ? {} : { description: body.description }),
      ...(body.event_types === undefined ? {} : { eventTypes: body.event_types }),
      ...(body.headers === undefined ? {} : { headers: body.headers }),
      ...(body.max_concurrency === undefined ? {} : { maxConcurrency: body.max_concurrency }),
      ...(body.timeout_seconds === undefined ? {} : { timeoutMs: msOfSeconds(body.timeout_seconds) }),
      ...(body.enabled === undefined
        ? {}
        : {
            status: body.enabled ? ('active' as const) : ('paused' as const),
            disabledReason: null,
            failingSince: null,
          }),
      retryPolicy: {
        maxAttempts: body.max_attempts ?? maxAttempts,
        schedule: body.retry_schedule === undefined ? schedule : readSchedule(body.retry_schedule),
      },
    };
  }

  /** Checks that a schema cannot express. */
  async #check(body: EndpointChanges & { secret?: string | null }, options: DeliveryOptions): Promise<void> {
    const errors: FieldError[] = [
      ...textErrors(body),
      ...patternErrors(body.event_types ?? []),
      ...scheduleErrors(body.retry_schedule ?? []),
      ...checkCustomHeaders(body.headers ?? {}),
      ...checkOptions(options, body),
    ];
    if (typeof body.secret === 'string' && !isSecret(body.secret)) {
      errors.push({ path: 'secret', message: SECRET_FORM });
    }
    if (errors.length > 0) throw new ProblemError(invalidRequest(errors));
    if (body.url === undefined) return;
    const verdict = await this.#parts.sender.checkUrl(body.url);
    if (verdict.kind === 'refused') throw problemError('url_not_allowed', verdict.reason);
  }

  async #announce({ organizationId, id }: Endpoint): Promise<void> {
    await this.#parts.engine.bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: id });
  }
}

function previousSecretOf(before: Endpoint, secret: string | undefined, expiresAt: Timestamp) {
  return secret === before.secret ? before.previousSecret : { secret: before.secret, expiresAt };
}

function rotatedSigningKey({ signingKey }: DeliveryOptions, expiresAt: Timestamp | null) {
  if (signingKey === null)
    throw invalidField('signature', 'is not a signature of this endpoint: add v1a to its signatures first');
  return {
    signingKey: newSigningKey(),
    previousSigningKey: expiresAt === null ? null : { signingKey, expiresAt },
  };
}

function mayOvertake({ onFailed }: DeliveryOptions): boolean {
  return onFailed === 'skip';
}

/** Refuses NUL and lone surrogates, which the two engines store differently. */
function textErrors(body: EndpointChanges): FieldError[] {
  const { description = '' } = body;
  return description.isWellFormed() && !description.includes('\u0000')
    ? []
    : [{ path: 'description', message: 'must be Unicode text without NUL' }];
}

function patternErrors(patterns: readonly string[]): FieldError[] {
  return patterns.flatMap((pattern, i) =>
    isEventTypePattern(pattern)
      ? []
      : [{ path: `event_types.${i}`, message: 'must be an event type or a pattern: * or ** may replace a segment' }],
  );
}

function scheduleErrors(schedule: readonly string[]): FieldError[] {
  return schedule.flatMap((pause, i) => {
    const ms = parseDuration(pause);
    return ms !== undefined && ms <= MAX_RETRY_PAUSE_MS
      ? []
      : [{ path: `retry_schedule.${i}`, message: 'must be a duration such as 30s, 5m or 1h, at most 7d' }];
  });
}

function readSchedule(schedule: readonly string[]): number[] {
  return schedule.map((pause) => parseDuration(pause) ?? 0);
}
