/** 127.0.0.0/8 (RFC 1122, section 3.2.1.3), ::1 (RFC 4291), and the first as an IPv6 socket shows it. */
const LOOPBACK_ADDRESS = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i;
/** `Host` of a request, with or without a port. */
const LOOPBACK_AUTHORITY = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Whether nobody but this machine can have an address. */
function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && LOOPBACK_ADDRESS.test(address);
}

/** Whether a connection begins and ends on this machine. A header can claim anything, the kernel's own addresses can't. */
export function isLoopbackConnection(socket: {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
}): boolean {
  return isLoopbackAddress(socket.remoteAddress) && isLoopbackAddress(socket.localAddress);
}

export function isLoopbackAuthority(host: string): boolean {
  return LOOPBACK_AUTHORITY.test(host);
}

/** For the setting `HOST`: another name may lead anywhere, so that it counts as open to other machines. */
export function isLoopbackName(name: string): boolean {
  return name.toLowerCase() === 'localhost' || isLoopbackAddress(name);
}
