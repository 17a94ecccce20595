/** Payloads are shown as the text that was sent: JSON.parse would round 64-bit integers and reorder numeric keys. */

/** The text of the value of top-level member `name`; undefined when there is none. */
export function memberText(json: string, name: string): string | undefined {
  for (const part of partsOf(json)) {
    const key = /^\s*("(?:[^"\\]|\\.)*")\s*:/.exec(part);
    if (key?.[1] !== undefined && JSON.parse(key[1]) === name) return part.slice(key[0].length).trim();
  }
  return undefined;
}

/** @returns the items of the outermost array, or the members of the outermost object, as text */
export function partsOf(json: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json[at] ?? '';
    if (char === '"') at = endOfString(json, at);
    const opens = char === '{' || char === '[';
    const closes = char === '}' || char === ']';
    if (opens && ++depth === 1) start = at + 1;
    if (depth === 1 && (closes || char === ',')) {
      parts.push(json.slice(start, at).trim());
      start = at + 1;
    }
    if (closes) depth--;
  }
  return parts.filter((part) => part !== '');
}

/** @returns the same tokens, indented by two spaces a level */
export function indent(json: string): string {
  let depth = 0;
  let result = '';
  const line = () => `\n${'  '.repeat(depth)}`;
  for (let at = 0; at < json.length; at++) {
    const char = json[at] ?? '';
    if (/\s/.test(char)) continue;
    if (char === '"') {
      const end = endOfString(json, at);
      result += json.slice(at, end + 1);
      at = end;
    } else if (char === '{' || char === '[') {
      const empty = /^\s*[}\]]/.exec(json.slice(at + 1, at + 200));
      if (empty !== null) {
        result += char + empty[0].trim();
        at += empty[0].length;
      } else {
        depth++;
        result += char + line();
      }
    } else if (char === '}' || char === ']') {
      depth--;
      result += line() + char;
    } else if (char === ',') result += char + line();
    else result += char === ':' ? ': ' : char;
  }
  return result;
}

/** @returns the index of the closing quote */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}
