import * as Schema from "effect/Schema"

const largest_port = 65_535

const problemOf = (value: string): string | undefined => {
  const [, port] = /^(?:[\w.-]+|\[[\da-fA-F:.]+\]):(\d{1,5})$/.exec(value) ?? []
  return port !== undefined && Number(port) <= largest_port && URL.canParse(`http://${value}`)
    ? undefined
    : "must be a host and a port, as in 127.0.0.1:9464"
}

/** Where something of ours listens: `host:port`, with an IPv6 address in brackets; port 0 is any free one. */
export const listenAddress = Schema.String.check(Schema.makeFilter(problemOf))
