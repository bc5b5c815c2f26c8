import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Folder } from "./daemon.ts"

export const day_s = 24 * 60 * 60

const preload = pathToFileURL(join(import.meta.dirname, "shiftedClock.ts")).href

/** The environment of a daemon whose wall clock can be made to jump. */
export const withClock = (folder: Folder): Record<string, string> => ({
  NODE_OPTIONS: `--import=${preload}`,
  CLOCK_OFFSET_FILE: folder.file("offset")
})

/** The wall clock of the daemon jumps. */
export const jump = (folder: Folder, by_s: number) => folder.write("offset", String(by_s * 1_000))

/** Answers as an agent on a machine whose clock has jumped: the file bears the new time, too. */
export const answerOfThatTime = `offset=$(cat offset 2>/dev/null || echo 0)
printf '%s' '{"status":"success","output":"done"}' > result.tmp
touch -d "@$(($(date +%s) + offset / 1000))" result.tmp
mv result.tmp "$RESULTS_DIR/$TASK_ID.json"`
