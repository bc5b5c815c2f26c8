const secure: ReadonlySet<string> = new Set(["https:", "wss:"])

/** Whom an address means: the host as the system takes it, without the brackets of IPv6, and the port. */
export const endpointOf = ({ hostname, port, protocol }: URL) => {
  const isSecure = secure.has(protocol)
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (isSecure ? 443 : 80) : Number(port),
    isSecure
  }
}

/** Whether only this machine reaches that host, as an address has it. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

/** Whether the connection to an address leaves this machine as plain text. */
const isPlainElsewhere = (address: string): boolean => {
  const { hostname, protocol } = new URL(address)
  return !secure.has(protocol) && !isLoopback(hostname)
}

/** What to do about that. */
export const encrypt = "use wss:// (and https://), or reach the hub by a tunnel that ends on this machine"

/** Those of the hub's addresses over which everybody on the way reads the token and the tasks, as they may be shown. */
export const unencrypted = ({ hub_api_url, hub_url }: { readonly hub_url: string; readonly hub_api_url: string }) =>
  [hub_url, hub_api_url].filter(isPlainElsewhere).map(shownAddress)

/** An address as it may be shown: without user, password and query. */
export const shownAddress = (address: string): string => {
  const { host, pathname, protocol } = new URL(address)
  return `${protocol}//${host}${pathname}`
}
