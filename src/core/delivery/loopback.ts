/** 127.0.0.0/8 (RFC 1122, section 3.2.1.3), ::1 (RFC 4291), and IPv4-mapped loopback as IPv6 sockets show it. */
const LOOPBACK_ADDRESS = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i;
/** A request's `Host` header, with or without a port. */
const LOOPBACK_AUTHORITY = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Whether an address always means this machine. */
function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && LOOPBACK_ADDRESS.test(address);
}

/** Whether both ends of a connection are on this machine. Based on the kernel's addresses; headers can be forged. */
export function isLoopbackConnection(socket: {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
}): boolean {
  return isLoopbackAddress(socket.remoteAddress) && isLoopbackAddress(socket.localAddress);
}

export function isLoopbackAuthority(host: string): boolean {
  return LOOPBACK_AUTHORITY.test(host);
}

/** For the setting `HOST`: any other name may resolve to anything, and counts as open to other machines. */
export function isLoopbackName(name: string): boolean {
  return name.toLowerCase() === 'localhost' || isLoopbackAddress(name);
}
