const { platform: name } = process

/** How to run, find and stop processes here: by `/proc` (`linux`), by `ps` (other POSIX systems), or as Windows does. */
export type Platform = "linux" | "posix" | "windows"

/** The operating system. No other file asks for it. */
export const platform: Platform = name === "win32" ? "windows" : name === "linux" ? "linux" : "posix"

/** The backend of @parcel/watcher; null where Node's own `fs.watch` is used instead. */
export const watcherBackend = name === "win32" ? "windows" : name === "darwin" ? "fs-events" : null
