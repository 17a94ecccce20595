import type { DeliveryOptions } from '../../../core/delivery/endpoint.ts';
import { newSigningKey, publicKeyOf } from '../../../core/delivery/signature.ts';
import { checkFilter, type EventFilter } from '../../../core/filter/filter.ts';
import { MAX_FILTER_CHARACTERS, MAX_RETRY_DEADLINE_MS } from '../../../core/limits.ts';
import type { FieldError } from '../../../core/problem.ts';
import { formatDuration, msOfSeconds, parseDuration } from '../../../core/time.ts';
import { clientCertificateErrors, clientCertificateView } from './client-certificate.ts';
import type { EndpointChanges } from './endpoint-schema.ts';

/** @returns the current options with the changes of a body */
export function readOptions(standing: DeliveryOptions, body: EndpointChanges): DeliveryOptions {
  const { rate_limit, retry_deadline, ordered, on_failed, batch, filter, signatures, client_certificate, format } =
    body;
  return {
    ...standing,
    ...(rate_limit === undefined ? {} : { rateLimit: rate_limit }),
    ...(retry_deadline === undefined ? {} : { retryDeadlineMs: durationOf(retry_deadline) }),
    ...(ordered === undefined ? {} : { ordered: ordered as DeliveryOptions['ordered'] }),
    ...(signatures === undefined ? {} : { signatures, ...signingKeyFor(signatures, standing) }),
    ...(client_certificate === undefined ? {} : { clientCertificate: client_certificate }),
    ...(format === undefined ? {} : { format }),
    ...(filter === undefined ? {} : { filter: filter as EventFilter | null }),
    ...(on_failed === undefined ? {} : { onFailed: on_failed }),
    ...(batch === undefined
      ? {}
      : { batch: batch === null ? null : { maxEvents: batch.max_events, maxWaitMs: msOfSeconds(batch.max_seconds) } }),
  };
}

/**
 * Checks that a schema cannot express.
 * @param options the options after the change
 */
export function checkOptions(options: DeliveryOptions, body: EndpointChanges): FieldError[] {
  const errors: FieldError[] = [];
  const { retry_deadline, filter, client_certificate } = body;
  if (client_certificate !== undefined && client_certificate !== null) {
    errors.push(...clientCertificateErrors(client_certificate));
  }
  if (filter !== undefined && filter !== null) errors.push(...filterErrors(filter));
  if (typeof retry_deadline === 'string') {
    const ms = parseDuration(retry_deadline);
    if (ms === undefined || ms > MAX_RETRY_DEADLINE_MS) {
      errors.push({ path: 'retry_deadline', message: 'must be a duration such as 30m, 24h or 7d, at most 30d' });
    }
  }
  return [...errors, ...combinationErrors(options)];
}

/** Options that cannot be combined. */
export function combinationErrors({ batch, ordered }: DeliveryOptions): FieldError[] {
  if (batch === null || ordered === false) return [];
  return [{ path: 'batch', message: 'cannot be combined with ordered: ordered deliveries are sent one at a time' }];
}

/** Creates the key pair once, because receivers store its public key. */
function signingKeyFor(signatures: DeliveryOptions['signatures'], { signingKey }: DeliveryOptions) {
  return signatures.includes('v1a') && signingKey === null ? { signingKey: newSigningKey() } : {};
}

export function filterErrors(filter: unknown): FieldError[] {
  const errors = checkFilter(filter, 'filter');
  if (errors.length === 0 && JSON.stringify(filter).length > MAX_FILTER_CHARACTERS) {
    errors.push({ path: 'filter', message: `may have at most ${MAX_FILTER_CHARACTERS} characters` });
  }
  return errors;
}

/** The options with the names of the contract. */
export function optionsView(options: DeliveryOptions) {
  const { rateLimit, retryDeadlineMs, ordered, onFailed, filter, batch, signatures, signingKey, format } = options;
  return {
    rate_limit: rateLimit,
    retry_deadline: retryDeadlineMs === null ? null : formatDuration(retryDeadlineMs),
    ordered,
    on_failed: onFailed,
    filter,
    batch: batch === null ? null : { max_events: batch.maxEvents, max_seconds: batch.maxWaitMs / 1_000 },
    format,
    signatures,
    public_key: signingKey === null ? null : publicKeyOf(signingKey),
    client_certificate: clientCertificateView(options.clientCertificate),
  };
}

function durationOf(text: string | null): number | null {
  return text === null ? null : (parseDuration(text) ?? null);
}
