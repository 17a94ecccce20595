/** Of answers that are printed here and not by Fastify, which says the same. */
export const JSON_TYPE = 'application/json; charset=utf-8';
