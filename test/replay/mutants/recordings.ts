import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Line } from "../../../src/replay/format.ts"
import { playRecorded } from "../../simulation/recording.ts"
import { linesIn } from "../support.ts"

const folder = "test/fixtures/sessions"
const seedBehind = "seed "

/** The recorded sessions, the shortest first. */
export const sessions: ReadonlyArray<string> = readdirSync(folder)
  .map((name) => ({ name, bytes: readFileSync(join(folder, name)).length }))
  .toSorted((a, b) => a.bytes - b.bytes)
  .map(({ name }) => name)

/** The names of `count` simulated sessions. */
export const simulated = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `${seedBehind}${index + 1}`)

const read = (name: string): string =>
  name.startsWith(seedBehind)
    ? playRecorded({ seed: Number(name.slice(seedBehind.length)) }).text
    : readFileSync(join(folder, name), "utf8")

const known = new Map<string, ReadonlyArray<Line>>()

/** The lines of a session, read or played once. */
export const linesOf = (name: string): ReadonlyArray<Line> => {
  const lines = known.get(name) ?? Effect.runSync(linesIn(read(name), name))
  known.set(name, lines)
  return lines
}
