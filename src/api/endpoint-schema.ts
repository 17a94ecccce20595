import Type, { type Static } from 'typebox';
import {
  MAX_DESCRIPTION_LENGTH,
  MAX_ENDPOINT_ATTEMPTS,
  MAX_ENDPOINT_CONCURRENCY,
  MAX_ENDPOINT_TIMEOUT_SECONDS,
  MAX_EVENT_TYPE_PATTERNS,
  MAX_TYPE_LENGTH,
  MAX_URL_LENGTH,
} from '../core/limits.ts';

const FIELDS = {
  description: Type.String({ maxLength: MAX_DESCRIPTION_LENGTH }),
  event_types: Type.Array(Type.String({ maxLength: MAX_TYPE_LENGTH }), { maxItems: MAX_EVENT_TYPE_PATTERNS }),
  headers: Type.Record(Type.String(), Type.String()),
  max_concurrency: Type.Integer({ minimum: 1, maximum: MAX_ENDPOINT_CONCURRENCY }),
  timeout_seconds: Type.Number({ minimum: 1, maximum: MAX_ENDPOINT_TIMEOUT_SECONDS }),
  max_attempts: Type.Integer({ minimum: 1, maximum: MAX_ENDPOINT_ATTEMPTS }),
  retry_schedule: Type.Array(Type.String(), { minItems: 1, maxItems: MAX_ENDPOINT_ATTEMPTS }),
  enabled: Type.Boolean(),
  secret: Type.Union([Type.String(), Type.Null()]),
  // Promised by the contract, not built yet: only "off" is taken, so that nobody relies on what does not happen.
  rate_limit: Type.Null(),
  ordered: Type.Literal(false),
  filter: Type.Null(),
  batch: Type.Null(),
};

const url = Type.String({ minLength: 1, maxLength: MAX_URL_LENGTH });

export const NewEndpoint = Type.Object(
  { url, ...Type.Partial(Type.Object(FIELDS)).properties },
  { additionalProperties: false },
);
export type NewEndpoint = Static<typeof NewEndpoint>;

/** The secret has a way of its own to change. */
const { secret: _secret, ...CHANGEABLE } = FIELDS;
export const EndpointChanges = Type.Partial(Type.Object({ url, ...CHANGEABLE }), { additionalProperties: false });
export type EndpointChanges = Static<typeof EndpointChanges>;
