/** How processes are run, found and stopped here: by `/proc` (`linux`), by `ps` (other POSIX systems), or as Windows does. */
export type Platform = "linux" | "posix" | "windows"

const { platform: name } = process

/** The one place that asks which operating system this is. */
export const platform: Platform = name === "win32" ? "windows" : name === "linux" ? "linux" : "posix"

/** Which backend of @parcel/watcher tells of changes here; null where Node's own `fs.watch` does. */
export const watcherBackend = name === "win32" ? "windows" : name === "darwin" ? "fs-events" : null
