import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { attempt } from "../../src/storage/files.ts"
import { orAbsent } from "../../src/storage/folders.ts"
import { makeFolder } from "./support.ts"

const lookFor = (path: string) => attempt(path, () => readFile(path, "utf8"))

it.effect("what is made between the two looks is there", () =>
  Effect.gen(function*() {
    const folder = yield* makeFolder
    const [home, path] = [folder.file("results"), join(folder.file("results"), "t1.progress")]
    const makeIt = Effect.sync(() => {
      mkdirSync(home, { recursive: true })
      writeFileSync(path, "10")
    })
    const look = Effect.tapError(lookFor(path), () => makeIt)
    expect(yield* orAbsent(path, null)(look)).toBe("10")
  }))

it.effect("what is missing is absent, also with its folder", () =>
  Effect.gen(function*() {
    const folder = yield* makeFolder
    const path = folder.file("results", "t1.progress")
    expect(yield* orAbsent(path, null)(lookFor(path))).toBeNull()
  }))

it.effect("a link to nowhere is not absent, nor is what is behind a file in the folder's place", () =>
  Effect.gen(function*() {
    const folder = yield* makeFolder
    symlinkSync(folder.file("nowhere"), folder.file("link"))
    writeFileSync(folder.file("results"), "")
    for (const path of [folder.file("link"), folder.file("results", "t1.progress")]) {
      const found = yield* Effect.result(orAbsent(path, null)(lookFor(path)))
      expect(Result.isFailure(found)).toBe(true)
    }
  }))
