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

/** An address as it may be shown: without user, password and query. */
export const shownAddress = (address: string): string => {
  const { host, pathname, protocol } = new URL(address)
  return `${protocol}//${host}${pathname}`
}
