import { fewRandomBytes } from '../../core/random-bytes.ts';

/** A span in OTLP's JSON form (opentelemetry-proto, trace.proto, by the JSON mapping of protobuf; ids in hex). */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code: number; readonly message?: string };
}

export interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

/** SpanKind */
export const SERVER = 2;
export const CLIENT = 3;
export const CONSUMER = 5;
/** StatusCode */
export const ERROR = 2;

/** The parts of a `traceparent` of version 00 (W3C Trace Context). */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** @param traceparent well-formed: the API has validated it */
export function readContext(traceparent: string): TraceContext {
  return {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    sampled: (Number.parseInt(traceparent.slice(53, 55), 16) & 1) === 1,
  };
}

export function newSpanId(): string {
  return fewRandomBytes(8).toString('hex');
}

export function attributes(values: Readonly<Record<string, string | number | null>>): Attribute[] {
  return Object.entries(values).flatMap(([key, value]): Attribute[] => {
    if (value === null) return [];
    return [{ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }];
  });
}

/** Nanoseconds since the epoch exceed the exact range of a number, so they are printed as text. */
export function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1_000)}000`;
}
