declare const brand: unique symbol;

/** A value with a compile-time name: an event's id is not assignable to an endpoint's id. */
export type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };
