/** Where relays are reached, as text. */

/** `host:port`, with brackets around an IPv6 address. */
export function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The URL under which this machine reaches what listens on `host`. */
export function localUrl(host: string, port: number): string {
  const address = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${addressOf({ host: address, port })}`;
}
