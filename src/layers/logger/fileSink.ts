import { existsSync, renameSync, truncateSync } from "node:fs"
import { openLineFile } from "../../lines/LineFile.ts"

/** The size of the file after it. */
const append = (path: string, line: string): number => {
  const file = openLineFile(path)
  try {
    file.append(line)
    return file.size()
  } finally {
    file.close()
  }
}

/** Makes room: what is `.1` becomes `.2` and so on, and the oldest goes. */
const rotate = (path: string, files: number): void => {
  const names = [path, ...Array.from({ length: files - 1 }, (_, index) => `${path}.${index + 1}`)]
  for (let index = names.length - 1; index > 0; index--) {
    const [from, to] = [names[index - 1] ?? path, names[index] ?? path]
    if (existsSync(from)) renameSync(from, to)
  }
  if (files === 1) truncateSync(path)
}

/**
 * Appends lines, each with one write, and throws where that fails. The file is opened for each line: one that was
 * removed, rotated or could not be opened is there again with the next. A full one becomes `.1`, and of all there are
 * at most `files`.
 */
export const fileSink = (path: string, limit_bytes: number, files: number) => (line: string): void => {
  if (append(path, line) >= limit_bytes) rotate(path, files)
}
