import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { createPrivateKey, X509Certificate } from "node:crypto"
import { readFile, stat } from "node:fs/promises"
import { createSecureContext } from "node:tls"
import { configLimits } from "./limits.ts"
import { promptProblem } from "./promptTemplate.ts"

const sentences: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "part of its path is not a folder",
  EFTYPE: "it is no regular file"
}

/** Why a file could not be read or written, as the end of a sentence for the user. */
export const readFault = (cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : "unknown reason"
  return sentences[code] ?? code
}

/**
 * The content of a file, or `undefined` when it is larger than `most_bytes`. Rejects a named pipe or a device, whose read may
 * never end, with the code `EFTYPE`.
 */
export const readBounded = async (path: string, most_bytes: number): Promise<Buffer | undefined> => {
  const stats = await stat(path)
  if (!stats.isFile() && !stats.isDirectory()) throw Object.assign(new Error("no regular file"), { code: "EFTYPE" })
  return stats.size > most_bytes ? undefined : await readFile(path)
}

const read = (path: string, most_bytes: number): Effect.Effect<Buffer | undefined, string> =>
  Effect.tryPromise(() => readBounded(path, most_bytes)).pipe(
    Effect.mapError(({ cause }) => `${path} cannot be read: ${readFault(cause)}`)
  )

/** The token in a file that holds nothing else. The error is a sentence about the file. */
export const readTokenFile = (path: string): Effect.Effect<string, string> =>
  read(path, configLimits.token_chars).pipe(
    Effect.map((bytes) => bytes?.toString().trim() ?? ""),
    Effect.filterOrFail((text) => text !== "", () => `${path} must hold the token and nothing else`)
  )

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** The text of a PEM file of certificates. The error is a sentence about the file. */
export const readCertificates = (path: string): Effect.Effect<string, string> =>
  read(path, configLimits.tls_certificates_bytes).pipe(
    Effect.map((bytes) => bytes?.toString() ?? ""),
    Effect.filterOrFail((pem) => {
      const found = pem.match(pemCertificate) ?? []
      return found.length > 0 && found.every(isCertificate)
    }, () => `${path} must hold PEM certificates`)
  )

/** Why a text is no usable key. Quotes nothing of the text. */
const keyProblem = (pem: string): string | undefined => {
  try {
    return createPrivateKey(pem).type === "private" ? undefined : "must hold a private key"
  } catch {
    return /^-+BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(pem)
      ? "has a passphrase, which nobody can type at a daemon: give a key without one"
      : "must hold a private key as PEM"
  }
}

/** The text of a PEM file with a private key. The error is a sentence that quotes nothing of the key. */
export const readKey = (path: string): Effect.Effect<Redacted.Redacted<string>, string> =>
  Effect.gen(function*() {
    const pem = (yield* read(path, configLimits.tls_key_bytes))?.toString() ?? ""
    const problem = keyProblem(pem)
    return problem === undefined ? Redacted.make(pem, { label: "tls_key" }) : yield* Effect.fail(`${path} ${problem}`)
  })

/** Why TLS refuses a certificate, for example because its key is too short. */
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

/** What is wrong with the certificate and its key together: the key of the configuration at fault, and the problem. */
export const pairProblem = ({ tls_cert, tls_key }: Pair): readonly ["tls_cert" | "tls_key", string] | undefined => {
  if (tls_cert === undefined) return tls_key === undefined ? undefined : ["tls_key", "must be given with tls_cert"]
  if (tls_key === undefined) return ["tls_cert", "must be given with tls_key"]
  const key = Redacted.value(tls_key)
  const isItsKey = new X509Certificate(tls_cert).checkPrivateKey(createPrivateKey(key))
  if (!isItsKey) return ["tls_key", "must be the key of the first certificate in tls_cert"]
  const problem = tlsProblem(tls_cert, key)
  return problem === undefined ? undefined : ["tls_cert", `cannot be used with its key: ${problem}`]
}

const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The text of a prompt template. The error is a sentence about the file. */
export const readPromptTemplate = (path: string): Effect.Effect<string, string> =>
  Effect.gen(function*() {
    const most_bytes = configLimits.prompt_template_bytes
    const bytes = yield* read(path, most_bytes)
    if (bytes === undefined) return yield* Effect.fail(`${path} must be at most ${most_bytes} bytes`)
    const text = textOf(bytes)
    if (text === undefined) return yield* Effect.fail(`${path} is not UTF-8 text`)
    const problem = promptProblem(text)
    return problem === undefined ? text : yield* Effect.fail(`${path} ${problem}`)
  })
