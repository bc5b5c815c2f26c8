import * as Predicate from "effect/Predicate"

const sentences: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "part of its path is not a folder",
  EFTYPE: "it is no regular file"
}

/** Why a file could not be read or written, in words for its owner. */
export const readFault = (cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : "unknown reason"
  return sentences[code] ?? code
}
