import type { FastifyInstance, RouteOptions } from 'fastify';
import type { Scope } from '../../core/administration/organization.ts';
import type { Caller } from '../../pipeline/access/index.ts';

/** A key needs one of these scopes to use a route; empty = every key may. */
export type NeededScopes = readonly Scope[];

const ANY: NeededScopes = [];
const PUBLISH: NeededScopes = ['publish'];
const CONSUME: NeededScopes = ['consume'];
const MANAGE: NeededScopes = ['manage'];
const READ: NeededScopes = ['consume', 'manage'];

/** Scopes by method and path; the first match applies. A route without a match is refused at the start. */
const RULES: readonly (readonly [methods: string, address: RegExp, NeededScopes])[] = [
  ['GET', /^\/api\/me$/, ANY],
  ['GET', /^\/health\/detailed$/, ANY],
  ['POST', /^\/api\/events(\/batch)?$/, PUBLISH],
  // Operators see which events a consumer has leased, and can end the lease.
  ['GET', /^\/api\/inbox$/, READ],
  ['POST', /^\/api\/inbox\/(release|requeue)$/, READ],
  ['GET POST', /^\/api\/(inbox|ack)(\/|$)/, CONSUME],
  ['GET', /^\/api\/inboxes\/:name\/secret$/, MANAGE],
  ['GET POST', /^\/trigger-inbox\/(api\/)?v1\/inboxes\/:id\/messages(\/|$)/, CONSUME],
  ['GET', /^\/trigger-inbox\/(api\/)?v1\/inboxes(\/:id)?$/, READ],
  ['POST DELETE', /^\/trigger-inbox\/(api\/)?v1\/inboxes(\/|$)/, MANAGE],
  ['GET', /^\/api\/(events|event-types|deliveries|stream|inboxes)(\/|$)/, READ],
  ['GET POST DELETE', /^\/api\/(events|deliveries)\//, MANAGE],
  ['GET', /^\/api\/audit$/, MANAGE],
  ['GET POST PATCH DELETE', /^\/api\/(endpoints|webhook|subscriptions|inboxes|keys|jobs)(\/|$)/, MANAGE],
];

/** Adds the needed scopes to the config of every route. */
export function addScopes(app: FastifyInstance): void {
  app.addHook('onRoute', (route: RouteOptions) => {
    route.config = { ...route.config, scopes: scopesOf(String(route.method), route.url) };
  });
}

function scopesOf(method: string, url: string): NeededScopes {
  const asked = method === 'HEAD' ? 'GET' : method;
  const rule = RULES.find(([methods, address]) => methods.split(' ').includes(asked) && address.test(url));
  if (rule === undefined) throw new Error(`No scope is named for ${method} ${url} (api/access/scopes.ts)`);
  return rule[2];
}

/** Whether the caller may see addresses of receivers, which may contain secrets. */
export function mayManage({ key }: Caller): boolean {
  return mayUse(key.scopes, MANAGE);
}

export function mayUse(has: readonly Scope[], needed: NeededScopes): boolean {
  return needed.length === 0 || needed.some((scope) => has.includes(scope));
}
