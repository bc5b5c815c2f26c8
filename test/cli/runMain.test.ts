import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { limits } from "../../src/limits.ts"
import { behaving, timed } from "./support.ts"

/** Time that a busy machine may take to end a process. */
const machine_ms = 5_000

describe("a command that is asked to stop", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it.live(`by ${signal} ends with 0`, () =>
      Effect.gen(function*() {
        const program = yield* behaving("waits")
        yield* program.signal(signal)
        expect(yield* program.ended).toBe(0)
        expect(program.errors()).toBe("")
      }))
  }

  it.live("by SIGHUP continues without a terminal, as under nohup", () =>
    Effect.gen(function*() {
      const program = yield* behaving("waits")
      yield* program.signal("SIGHUP")
      yield* program.signal("SIGTERM")
      expect(yield* program.ended).toBe(0)
      expect(program.errors()).toBe("")
    }))

  it.live("by pm2's message, which stands for a signal on Windows, ends with 0", () =>
    Effect.gen(function*() {
      const program = yield* behaving("waits")
      program.child.send("something else")
      program.child.send("shutdown")
      expect(yield* program.ended).toBe(0)
    }))

  it.live("ends with 0 in time, also when a finalizer hangs", () =>
    Effect.gen(function*() {
      const program = yield* behaving("hangs")
      const { took_ms, value } = yield* timed(Effect.andThen(program.signal("SIGTERM"), program.ended))
      expect(value).toBe(0)
      expect(took_ms).toBeGreaterThan(limits.shutdown_ms - 50)
      expect(took_ms).toBeLessThan(limits.shutdown_ms + machine_ms)
      expect(limits.shutdown_ms).toBeLessThan(1_000)
    }))

  it.live("ends at once with a second signal", () =>
    Effect.gen(function*() {
      const program = yield* behaving("hangs")
      yield* program.signal("SIGTERM")
      yield* program.shows("stopping\n")
      const { took_ms, value } = yield* timed(Effect.andThen(program.signal("SIGINT"), program.ended))
      expect(value).toBe(0)
      expect(took_ms).toBeLessThan(limits.shutdown_ms)
    }))
})

describe("a command that ends by itself", () => {
  it.live("ends the process with its exit code", () =>
    Effect.gen(function*() {
      const program = yield* behaving("ends with 75")
      expect(yield* program.ended).toBe(75)
    }))

  it.live("by an error that its user can fix prints only that error, and exits with its code", () =>
    Effect.gen(function*() {
      const program = yield* behaving("fails foreseen")
      expect(yield* program.ended).toBe(69)
      expect(program.errors()).toBe("fix it\n")
    }))

  it.live("by an unforeseen error prints it in one line, without a stack, and exits with 1", () =>
    Effect.gen(function*() {
      const program = yield* behaving("fails")
      expect(yield* program.ended).toBe(1)
      expect(program.errors()).toBe(
        "agentcom-sidecar: unforeseen error: Error: it broke, caused by TypeError: deep down\n"
      )
    }))

  it.live("by an uncaught exception says so in one line too", () =>
    Effect.gen(function*() {
      const program = yield* behaving("throws in a callback")
      expect(yield* program.ended).toBe(1)
      expect(program.errors()).toBe("agentcom-sidecar: unforeseen error: Error: nobody caught it\n")
    }))

  it.live("by an uncaught exception exits with 1 in time, also when a finalizer hangs", () =>
    Effect.gen(function*() {
      const program = yield* behaving("throws and hangs")
      expect(yield* program.ended).toBe(1)
    }))
})

describe("text from elsewhere", () => {
  it.live.each(
    [
      ["fails with hostile words", 73, "held since \\u001b]0;owned\\u0007\\u009b2J\\u202e\nfix it\n"],
      ["dies of hostile words", 1, "agentcom-sidecar: unforeseen error: Error: \\u001b[2Jit broke\n"]
    ] as const
  )("does not control the terminal: a command that %s", ([name, code, told]) =>
    Effect.gen(function*() {
      const program = yield* behaving(name)
      expect(yield* program.ended).toBe(code)
      expect(program.errors()).toBe(told)
    }))
})

describe("a command behind an operation on a file that does not return", () => {
  /** A pipe without a writer. Opening it to read waits. */
  const makePipe = Effect.acquireRelease(
    Effect.sync(() => {
      const path = join(mkdtempSync(join(tmpdir(), "sidecar-end-")), "pipe")
      execFileSync("mkfifo", [path])
      return path
    }),
    (path) => Effect.sync(() => rmSync(join(path, ".."), { recursive: true }))
  )
  const stopped = Effect.fnUntraced(function*(name: string, signals: ReadonlyArray<NodeJS.Signals>) {
    const program = yield* behaving(name, yield* makePipe)
    for (const signal of signals) yield* program.signal(signal)
    return { ...yield* timed(program.ended), output: program.output(), errors: program.errors() }
  })

  it.live("that is asked to stop ends by SIGKILL after its last words, because process.exit would wait for ever", () =>
    Effect.gen(function*() {
      const { output, took_ms, value } = yield* stopped("waits for a file", ["SIGTERM"])
      expect(value).toBe("SIGKILL")
      expect(took_ms).toBeGreaterThan(limits.shutdown_ms - 50)
      expect(output).toBe("ready\nlast words\n")
    }))

  it.live("ends also when its last words do not return", () =>
    Effect.gen(function*() {
      expect((yield* stopped("waits for a file, and for another to say so", ["SIGTERM"])).value).toBe("SIGKILL")
    }))

  it.live("ends at once with a second signal", () =>
    Effect.gen(function*() {
      expect((yield* stopped("waits for a file", ["SIGTERM", "SIGINT"])).value).toBe("SIGKILL")
    }))

  it.live("ends by itself in the same way", () =>
    Effect.gen(function*() {
      const { output, value } = yield* stopped("ends with 75 beside a file", [])
      expect(value).toBe("SIGKILL")
      expect(output).toBe("ready\nlast words\n")
    }))

  it.live("still prints why it fails", () =>
    Effect.gen(function*() {
      const { errors, value } = yield* stopped("fails beside a file", [])
      expect(value).toBe("SIGKILL")
      expect(errors).toBe("fix it\n")
    }))

  it.live("ends with its own code where the operation returns in time", () =>
    Effect.gen(function*() {
      expect((yield* stopped("ends with 75 beside a file that is read soon", [])).value).toBe(75)
    }))

  it.live("or behind a thread of ours that hangs in the system", () =>
    Effect.gen(function*() {
      const folder = mkdtempSync(join(tmpdir(), "sidecar-end-"))
      const database = new DatabaseSync(join(folder, "database"))
      database.exec("BEGIN EXCLUSIVE")
      const program = yield* behaving("waits for a thread", join(folder, "database"))
      yield* program.shows("waiting\n")
      yield* program.signal("SIGTERM")
      const { took_ms, value } = yield* timed(program.ended)
      expect(value).toBe("SIGKILL")
      expect(took_ms).toBeLessThan(limits.shutdown_ms + machine_ms)
      database.close()
      rmSync(folder, { recursive: true })
    }))
})
