import { renameSync } from "node:fs"
import { openLineFile } from "../../lines/LineFile.ts"
import { loggerLimits } from "./limits.ts"

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

/**
 * Appends lines, each with one write, and throws where that fails. The file is opened for each line: one that was
 * removed, rotated or could not be opened is there again with the next. A full one becomes `.1`.
 */
export const fileSink = (path: string) => (line: string): void => {
  if (append(path, line) >= loggerLimits.file_bytes) renameSync(path, `${path}.1`)
}
