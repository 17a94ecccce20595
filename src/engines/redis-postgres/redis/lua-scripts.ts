import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'lua');

export interface LuaScript {
  readonly text: string;
  /** The hash by which EVALSHA calls the script. */
  readonly sha1: string;
}

/** Loads the scripts of `lua/` by name: `take-tokens` for `take-tokens.lua`. Called once, when a connection opens. */
export function loadLuaScripts(): ReadonlyMap<string, LuaScript> {
  return new Map(
    readdirSync(FOLDER)
      .filter((name) => name.endsWith('.lua'))
      .map((name) => {
        const text = readFileSync(join(FOLDER, name), 'utf8');
        return [name.slice(0, -'.lua'.length), { text, sha1: createHash('sha1').update(text).digest('hex') }];
      }),
  );
}
