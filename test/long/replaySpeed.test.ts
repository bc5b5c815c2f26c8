import { describe, expect, it } from "@effect/vitest"
import { happy, type Line, linesOf, measured, own, quickest, repeated, said } from "../replay/speed.ts"

const frames = 100_000
const most_ms = 10_000
/** Of the whole recording as objects it would take some 300 MB; what has to be known at a time is far less. */
const heap_mb = 96
const most_rss_mb = 450

const many = (lines: ReadonlyArray<Line>): string => repeated(lines, 500, (made) => made < frames)

describe("a dry run", { timeout: 180_000 }, () => {
  it("of 100,000 frames of another client takes less than 10 s", async () => {
    const { code, tail, took_ms } = await quickest("100,000 frames of another client", many(linesOf(happy)), most_ms)
    expect(tail).toContain(" 0 only recorded, 0 only of this version\nother differences: 0\n")
    expect(code).toBe(1)
    expect(took_ms).toBeGreaterThan(0)
    expect(took_ms).toBeLessThan(most_ms)
  })

  it("of 100,000 frames of our own, with the facts between them, takes less than 10 s", async () => {
    const { code, tail, took_ms } = await quickest("100,000 frames of our own", many(linesOf(own)), most_ms)
    expect(tail).toContain(" 0 changed, 0 only recorded, 0 only of this version\nother differences: 0\n")
    expect(code).toBe(0)
    expect(took_ms).toBeLessThan(most_ms)
  })

  it("of 100,000 frames takes bounded memory", async () => {
    const { code, rss_mb, ...rest } = await measured(many(linesOf(happy)), `--max-old-space-size=${heap_mb}`)
    said(`100,000 frames of another client, with a heap of ${heap_mb} MB`, { rss_mb, ...rest })
    expect(code).toBe(1)
    expect(rss_mb).toBeGreaterThan(0)
    expect(rss_mb).toBeLessThan(most_rss_mb)
  })
})
