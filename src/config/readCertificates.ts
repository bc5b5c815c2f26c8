import * as Effect from "effect/Effect"
import type * as SchemaIssue from "effect/SchemaIssue"
import { X509Certificate } from "node:crypto"
import { configLimits } from "./limits.ts"
import { readNamed, refuse } from "./namedFile.ts"

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** The text of a PEM file of certificates; one that cannot be read or holds none is an issue of the configuration. */
export const readCertificates = (path: string): Effect.Effect<string, SchemaIssue.Issue> =>
  Effect.gen(function*() {
    const bytes = yield* readNamed(path, configLimits.tls_certificates_bytes)
    const pem = bytes?.toString() ?? ""
    const found = pem.match(pemCertificate) ?? []
    return found.length > 0 && found.every(isCertificate) ? pem : yield* refuse(`${path} must hold PEM certificates`)
  })
