import type { FromSchema } from 'json-schema-to-ts';
import {
  MAX_BATCH_EVENTS,
  MAX_BATCH_SECONDS,
  MAX_CERTIFICATE_CHARACTERS,
  MAX_DESCRIPTION_LENGTH,
  MAX_ENDPOINT_ATTEMPTS,
  MAX_ENDPOINT_CONCURRENCY,
  MAX_ENDPOINT_RATE,
  MAX_ENDPOINT_TIMEOUT_SECONDS,
  MAX_EVENT_TYPE_PATTERNS,
  MAX_TYPE_LENGTH,
  MAX_URL_LENGTH,
} from '../../../core/limits.ts';

/** Fields that may be changed after the creation. */
const CHANGEABLE = {
  url: { type: 'string', minLength: 1, maxLength: MAX_URL_LENGTH },
  description: { type: 'string', maxLength: MAX_DESCRIPTION_LENGTH },
  event_types: {
    type: 'array',
    items: { type: 'string', maxLength: MAX_TYPE_LENGTH },
    maxItems: MAX_EVENT_TYPE_PATTERNS,
  },
  headers: { type: 'object', additionalProperties: { type: 'string' } },
  max_concurrency: { type: 'integer', minimum: 1, maximum: MAX_ENDPOINT_CONCURRENCY },
  timeout_seconds: { type: 'number', minimum: 1, maximum: MAX_ENDPOINT_TIMEOUT_SECONDS },
  max_attempts: { type: 'integer', minimum: 1, maximum: MAX_ENDPOINT_ATTEMPTS },
  retry_schedule: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MAX_ENDPOINT_ATTEMPTS },
  enabled: { type: 'boolean' },
  rate_limit: { type: ['integer', 'null'], minimum: 1, maximum: MAX_ENDPOINT_RATE },
  retry_deadline: { type: ['string', 'null'] },
  ordered: { enum: [false, true, 'by_key'] },
  on_failed: { enum: ['skip', 'block'] },
  batch: {
    type: ['object', 'null'],
    properties: {
      max_events: { type: 'integer', minimum: 1, maximum: MAX_BATCH_EVENTS },
      max_seconds: { type: 'number', minimum: 0.1, maximum: MAX_BATCH_SECONDS },
    },
    required: ['max_events', 'max_seconds'],
    additionalProperties: false,
  },
  format: { enum: ['standard', 'cloudevents'] },
  signatures: { type: 'array', items: { enum: ['v1', 'v1a'] }, minItems: 1, maxItems: 2, uniqueItems: true },
  client_certificate: {
    type: ['object', 'null'],
    properties: {
      certificate: { type: 'string', maxLength: MAX_CERTIFICATE_CHARACTERS },
      key: { type: 'string', maxLength: MAX_CERTIFICATE_CHARACTERS },
    },
    required: ['certificate', 'key'],
    additionalProperties: false,
  },
  // core/filter checks the content, which a schema cannot express.
  filter: { type: ['object', 'null'] },
} as const;

export const newEndpointSchema = {
  type: 'object',
  // The secret is changed by rotation only.
  properties: { ...CHANGEABLE, secret: { type: ['string', 'null'] } },
  required: ['url'],
  additionalProperties: false,
} as const;
export type NewEndpoint = FromSchema<typeof newEndpointSchema>;

export const endpointChangesSchema = {
  type: 'object',
  properties: CHANGEABLE,
  additionalProperties: false,
} as const;
export type EndpointChanges = FromSchema<typeof endpointChangesSchema>;
