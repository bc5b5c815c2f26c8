import * as Redacted from "effect/Redacted"

/** What TLS to the hub takes from the configuration, as PEM text. */
export interface HubTls {
  /** The authorities to trust in place of the system's. */
  readonly tls_ca: string | null
  /** The certificate by which the hub is to know this machine, and its key; both or none. */
  readonly tls_cert: string | null
  readonly tls_key: Redacted.Redacted<string> | null
}

/** The options of node:tls that say so. */
export const tlsOptions = ({ tls_ca, tls_cert, tls_key }: HubTls) => ({
  ...(tls_ca === null ? {} : { ca: tls_ca }),
  ...(tls_cert === null || tls_key === null ? {} : { cert: tls_cert, key: Redacted.value(tls_key) })
})
