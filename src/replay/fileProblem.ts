import * as Predicate from "effect/Predicate"

const sentences: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "there is a file already",
  EISDIR: "it is a folder",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "its name is too long",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of its path is no folder",
  EPERM: "permission denied",
  EROFS: "nothing can be written there",
  ENXIO: "it is a pipe that nobody reads, or a socket"
}

/** Why a file could not be read or written, in words for its owner; `missing` says what it is that is not there. */
export const fileProblem = (cause: unknown, missing: "file" | "folder"): string => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : null
  if (code === "ENOENT") return `there is no such ${missing}`
  return code === null ? Predicate.isError(cause) ? cause.message : "unknown" : sentences[code] ?? code
}
