import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

/** Parses `/etc/hosts`, in which containers find their neighbors. @returns addresses by name */
export function parseHostsFile(text: string): Map<string, string[]> {
  const addressesByName = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address, ...names] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    if (address === undefined || isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, '');
      const addresses = addressesByName.get(key) ?? [];
      if (!addresses.includes(address)) addresses.push(address);
      addressesByName.set(key, addresses);
    }
  }
  return addressesByName;
}

export async function readHostsFile(path: string): Promise<Map<string, string[]>> {
  try {
    return parseHostsFile(await readFile(path, 'utf8'));
  } catch {
    // The file is absent on some systems; a lack of descriptors shows at the next step.
    return new Map();
  }
}
