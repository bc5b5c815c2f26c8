import * as Effect from "effect/Effect"
import * as SchemaIssue from "effect/SchemaIssue"
import { X509Certificate } from "node:crypto"
import { readFile } from "node:fs/promises"
import { readFault } from "./readFault.ts"

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

const refuse = (message: string) => Effect.fail(new SchemaIssue.InvalidValue({ message }))

/** The text of a PEM file of certificates; one that cannot be read or holds none is an issue of the configuration. */
export const readCertificates = (path: string): Effect.Effect<string, SchemaIssue.Issue> =>
  Effect.gen(function*() {
    const pem = yield* Effect.tryPromise(() => readFile(path, "utf8")).pipe(
      Effect.catch((error) => refuse(`${path} cannot be read: ${readFault(error.cause)}`))
    )
    const found = pem.match(pemCertificate) ?? []
    return found.length > 0 && found.every(isCertificate) ? pem : yield* refuse(`${path} must hold PEM certificates`)
  })
