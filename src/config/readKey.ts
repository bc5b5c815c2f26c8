import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as SchemaIssue from "effect/SchemaIssue"
import { createPrivateKey, X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"
import { configLimits } from "./limits.ts"
import { readNamed, refuse } from "./namedFile.ts"

/** Why a text is no key that can be used, in words that quote nothing of it. */
const keyProblem = (pem: string): string | undefined => {
  try {
    return createPrivateKey(pem).type === "private" ? undefined : "must hold a private key"
  } catch {
    return /^-+BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(pem)
      ? "has a passphrase, which nobody can type at a daemon: give a key without one"
      : "must hold a private key as PEM"
  }
}

/** The text of a PEM file with a private key; one that cannot be read or holds none is an issue of the configuration. */
export const readKey = (path: string): Effect.Effect<Redacted.Redacted<string>, SchemaIssue.Issue> =>
  Effect.gen(function*() {
    const bytes = yield* readNamed(path, configLimits.tls_key_bytes)
    const pem = bytes?.toString() ?? ""
    const problem = keyProblem(pem)
    return problem === undefined ? Redacted.make(pem, { label: "tls_key" }) : yield* refuse(`${path} ${problem}`)
  })

/** Why TLS takes no such certificate: one that is too short for today, for example. */
const tlsProblem = (cert: string, key: string): string | undefined => {
  try {
    createSecureContext({ cert, key })
    return undefined
  } catch (error) {
    return Predicate.hasProperty(error, "reason") ? String(error.reason) : "TLS refuses it"
  }
}

interface Pair {
  readonly tls_cert?: string
  readonly tls_key?: Redacted.Redacted<string>
}

/** What is wrong with certificate and key together, and of which of the two keys that is said; undefined where nothing is. */
export const pairProblem = ({ tls_cert, tls_key }: Pair): readonly ["tls_cert" | "tls_key", string] | undefined => {
  if (tls_cert === undefined) return tls_key === undefined ? undefined : ["tls_key", "must be given with tls_cert"]
  if (tls_key === undefined) return ["tls_cert", "must be given with tls_key"]
  const key = Redacted.value(tls_key)
  const isItsKey = new X509Certificate(tls_cert).checkPrivateKey(createPrivateKey(key))
  if (!isItsKey) return ["tls_key", "must be the key of the first certificate in tls_cert"]
  const problem = tlsProblem(tls_cert, key)
  return problem === undefined ? undefined : ["tls_cert", `cannot be used with its key: ${problem}`]
}
