import { readFile, stat } from "node:fs/promises"

/**
 * What a file of the configuration holds; `undefined` where that is more than `most_bytes`. A named pipe or a device, for
 * which one might wait without end, fails with `EFTYPE`.
 */
export const readBounded = async (path: string, most_bytes: number): Promise<Buffer | undefined> => {
  const stats = await stat(path)
  if (!stats.isFile() && !stats.isDirectory()) throw Object.assign(new Error("no regular file"), { code: "EFTYPE" })
  return stats.size > most_bytes ? undefined : await readFile(path)
}
