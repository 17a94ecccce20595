declare const brand: unique symbol;

/** A value that the compiler tells apart from others of the same shape: an event's id is not an endpoint's. */
export type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };
