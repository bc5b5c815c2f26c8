import { describe, expect, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describeWith } from "../support/needs.ts"
import { type Browser, makeBrowser, type Page, type PageOptions } from "./htmlBrowser.ts"
import { id, long, quiet, Session, talking, troubled } from "./htmlSession.ts"

class Chromium extends Context.Service<Chromium, Browser>()("test/Chromium") {
  static readonly layer = Layer.effect(Chromium, makeBrowser)
}

const opened = (session: Session, use: (page: Page) => Promise<void>, options?: PageOptions) =>
  Effect.gen(function*() {
    const browser = yield* Chromium
    yield* Effect.promise(async () => {
      const page = await browser.open(session.page(), options)
      await use(page)
      expect(page.requests).toEqual([])
      expect(page.complaints).toEqual([])
    })
  })

const textOf = (page: Page, selector: string) =>
  page.evaluate<string>(`document.querySelector(${JSON.stringify(selector)}).innerText`)

const textsOf = (page: Page, selector: string) =>
  page.evaluate<ReadonlyArray<string>>(
    `[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => one.textContent)`
  )

/** The number of shapes of a class. Each has one such step in its path. */
const drawn = (page: Page, selector: string, step: RegExp) =>
  page.evaluate<number>(
    `[...document.querySelectorAll(${JSON.stringify(selector)})]
      .map((path) => path.getAttribute("d") ?? "").join("").match(/${step.source}/g)?.length ?? 0`
  )

const arrows = (page: Page, lane: "frames" | "wakes", more = "") => drawn(page, `.event.${lane}${more}`, /V/)

/** The middle of the first label or state that begins with the text. */
const middleOf = (page: Page, text: string) =>
  page.evaluate<readonly [number, number]>(`(() => {
    const texts = [...document.querySelectorAll("#chart text")]
    const box = texts.find((one) => one.textContent.startsWith(${JSON.stringify(text)})).getBoundingClientRect()
    return [box.x + box.width / 2, box.y + box.height / 2]
  })()`)

const click = (page: Page, selector: string) =>
  page.evaluate<void>(`new Promise((done) => {
    document.querySelector(${JSON.stringify(selector)}).click()
    requestAnimationFrame(() => requestAnimationFrame(done))
  })`)

const hostile = [
  "</script><script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<!--<script>",
  "\"><svg onload=alert(1)>",
  "' onmouseover='alert(1)",
  "]]>\u2028\u2029\ud800 ${alert(1)} $& javascript:alert(1)"
]

const inChromium = (body: Parameters<ReturnType<typeof layer<Chromium, never>>>[1]) =>
  describeWith("chromium", "in Chromium", () => layer(Chromium.layer, { timeout: 120_000 })(body))

inChromium((it) => {
  describe("the page of a session, in a real browser", () => {
    it.effect("draws each frame and each wake as an arrow between its lanes", () =>
      opened(quiet(), async (page) => {
        expect(await textsOf(page, "#chart .lane")).toEqual(["hub", "sidecar", "agent"])
        expect(await textsOf(page, "#chart .row")).toEqual(["connection", "task", "activity", "messages"])
        expect(await arrows(page, "frames")).toBe(8)
        expect(await arrows(page, "wakes")).toBe(5)
        expect(await textOf(page, "#in-view")).toBe("8 frames and 7 other events in 2 min 38 s")
        const labels = await textsOf(page, "#chart .label")
        expect(labels).toEqual(expect.arrayContaining(["task_assign", "task_ack accepted", "wake", "agent started"]))
      }))

    it.effect("shows the states as bars", () =>
      opened(quiet(), async (page) => {
        expect(await textsOf(page, "#chart .state")).toEqual(
          expect.arrayContaining(["identified", `${id(0)} · working · generation 1`, "running", "at work", "answered"])
        )
      }))

    it.effect("shows what was heard, read and sent of messages, and the batch that is delivered", () =>
      opened(talking(), async (page) => {
        const labels = await textsOf(page, "#chart .label.kind-talk")
        expect(labels).toEqual(expect.arrayContaining(["message bob", "batch-1 of 1", "sent reply-m1"]))
        const states = await textsOf(page, "#chart .state")
        expect(states.filter((state) => /^(?:batch-1 · )?working$/.test(state))).toHaveLength(1)
        expect(await arrows(page, "frames", ".kind-talk")).toBe(2)
      }))

    it.effect("says of a session that is as recorded that it is, and what was in it", () =>
      opened(quiet(), async (page) => {
        expect(await textOf(page, "header")).toBe(
          "quiet.jsonl\nsame as recorded\n\nbuilder-7 · 2026-11-17 09:30:00 to 2026-11-17 09:32:37 UTC · 2 min 38 s\n\n"
            + "1 task · 4 frames in, 4 out · 1 wake · 0 faults and retries"
        )
      }))

    it.effect("marks and lists faults, retries and differences", () =>
      opened(troubled(), async (page) => {
        expect(await textOf(page, ".verdict")).toBe("4 differences")
        expect(await arrows(page, "frames", ".differs-missing")).toBe(1)
        expect(await arrows(page, "frames", ".differs-extra")).toBe(1)
        expect(await arrows(page, "frames", ".differs-changed")).toBe(1)
        expect(await arrows(page, "wakes", ".differs-extra")).toBe(1)
        expect(await drawn(page, "#chart .difference", /z/)).toBe(4)
        expect(await textsOf(page, "nav .difference strong")).toEqual([
          "only the recording",
          "only this version",
          "not alike",
          "only this version"
        ])
        expect(await drawn(page, "#chart .fault", /z/)).toBe(9)
        expect(await textsOf(page, "nav .fault strong")).toEqual([
          "the wake command exited with 127",
          "a retry: attempt 2",
          "the agent did not confirm in time",
          "a retry: attempt 3",
          "rate limited: the frame was dropped",
          "the connection was lost",
          "refused by the hub: validation_failed",
          "the state could not be saved: ENOSPC",
          "the daemon was restarted"
        ])
      }))

    it.effect("shows the text of what the pointer is on, and keeps that of what is clicked", () =>
      opened(troubled(), async (page) => {
        const [x, y] = await middleOf(page, "task_progress 80")
        await page.move(x, y)
        expect(await page.evaluate("document.getElementById('card').hidden")).toBe(false)
        const card = await textOf(page, "#card")
        expect(card).toContain("sidecar → hub")
        expect(card).toContain("This version and the recorded one differ in: generation.")
        expect(card).toContain("\"progress\": 80")
        await page.click(x, y)
        await page.move(2, 2)
        expect(await page.evaluate("document.getElementById('card').hidden")).toBe(true)
        expect(await textOf(page, "#details")).toContain("\"progress\": 80")
        const [stateX, stateY] = await middleOf(page, "working")
        await page.move(stateX, stateY)
        expect(await textOf(page, "#card")).toContain("task: ")
      }))

    it.effect("goes from event to event by the keyboard alone, with their text", () =>
      opened(quiet(), async (page) => {
        await page.evaluate("document.getElementById('chart').focus()")
        await page.press("Home")
        expect(await textOf(page, "#card h3")).toBe("connected")
        await page.press("ArrowRight")
        expect(await textOf(page, "#card h3")).toBe("identify")
        expect(await textOf(page, "#card pre")).toContain("\"token\": \"[REDACTED]\"")
        await page.press("End")
        expect(await textOf(page, "#details h3")).toBe("agent stopped")
        await page.press("Escape")
        expect(await page.evaluate("document.getElementById('card').hidden")).toBe(true)
      }))

    it.effect("zooms to a task that is clicked in the list, and back", () =>
      opened(troubled(), async (page) => {
        await click(page, `[data-task="${id(2)}"]`)
        expect(await arrows(page, "frames", ":not(.dim)")).toBe(4)
        expect(await textOf(page, `[data-task][aria-pressed=true] strong`)).toBe("Translate the handbook")
        await click(page, "[data-action=whole]")
        expect(await arrows(page, "frames")).toBe(26)
      }))

    it.effect("zooms by the wheel about the pointer, and moves", () =>
      opened(quiet(), async (page) => {
        const [x, y] = await middleOf(page, "task_progress 40")
        for (let i = 0; i < 10; i++) await page.wheel(x, y, -120)
        expect(await arrows(page, "frames")).toBe(1)
        expect(await textsOf(page, "#chart .label")).toContain("task_progress 40")
        await click(page, "[data-action=whole]")
        expect(await arrows(page, "frames")).toBe(8)
      }))

    it.effect("is true to time on the clock's scale, and gives each event room on the other", () => {
      const session = new Session().file("steady.jsonl").connect()
      for (let n = 0; n < 40; n++) {
        session.wait(n % 2 === 0 ? 1_000 : 2_000).send({ type: "task_progress", progress: n })
      }
      return opened(session, async (page) => {
        /** The ratio of the drawn lengths of a pause of two seconds and one of one second. */
        const ratio = () =>
          page.evaluate<number>(`(() => {
            const d = document.querySelector(".event.kind-progress.frames").getAttribute("d")
            const [a, b, c] = [...d.matchAll(/M([\\d.]+) [\\d.]+V/g)].map(([, x]) => Number(x))
            return (c - b) === 0 ? 0 : (b - a) / (c - b)
          })()`)
        expect(await ratio()).toBeCloseTo(1.12, 1)
        await click(page, "[data-scale=clock]")
        expect(await ratio()).toBeCloseTo(2, 1)
      })
    })

    it.effect("draws long silences shorter on both scales, and tells their length", () =>
      opened(troubled(), async (page) => {
        expect(await textsOf(page, "#chart .pause.cut")).toContain("12 min")
        await click(page, "[data-scale=clock]")
        expect(await textsOf(page, "#chart .pause.cut")).toContain("12 min")
        expect(await textOf(page, "#in-view")).toBe("26 frames and 29 other events in 16 min")
      }))

    it.effect("follows the scheme of the system", () =>
      Effect.gen(function*() {
        const background = "getComputedStyle(document.body).backgroundColor"
        const schemes = [["light", "rgb(250, 249, 246)"], ["dark", "rgb(20, 22, 26)"]] as const
        for (const [scheme, colour] of schemes) {
          yield* opened(quiet(), async (page) => expect(await page.evaluate(background)).toBe(colour), { scheme })
        }
      }))

    it.effect("prints dark on white, without its buttons", () =>
      opened(quiet(), async (page) => {
        expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)")
        expect(await page.evaluate("getComputedStyle(document.querySelector('.tools')).display")).toBe("none")
        expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true)
      }, { media: "print", scheme: "dark", width: 1_000 }))
  })

  describe("hostile text in a session", () => {
    it.effect("is shown as it is, and never run", () => {
      const session = new Session().file(hostile.join(" "))
      session.connect()
      for (const text of hostile) {
        session.wait(1_000).assign(text, 1, text).wake(text).wait(100).start(text)
        session.hub({ type: text, task_id: text, payload: { [text]: text } }).hub({ type: "error", error: text })
        session.wait(10).answer(text, 1, text)
      }
      return opened(session, async (page) => {
        expect(await page.evaluate("document.querySelectorAll('script').length")).toBe(2)
        expect(await page.evaluate("document.querySelectorAll('img, [onerror], [onload], [onmouseover]').length")).toBe(
          0
        )
        expect(await textsOf(page, "[data-task] strong")).toEqual(expect.arrayContaining(hostile.slice(0, 5)))
        const shown = await page.evaluate(`Array.from({ length: ${session.events.length} }, () => {
        document.querySelector("[data-action=next]").click()
        return document.getElementById("details").innerText
      }).join()`)
        for (const text of hostile.slice(0, 5)) expect(shown).toContain(JSON.stringify(text))
        for (let n = 0; n < hostile.length; n++) {
          await click(page, `nav li:nth-child(${n + 1}) [data-task]`)
          expect(await arrows(page, "frames", ":not(.dim)")).toBeGreaterThan(0)
        }
      })
    })

    it.effect("could not run even if it stood in the page: the policy lets nothing run but the page's own script", () =>
      Effect.gen(function*() {
        const browser = yield* Chromium
        const html = quiet().page().replace("</main>", "</main><img src=x onerror=\"ran = 1\"><script>ran = 1</script>")
        yield* Effect.promise(async () => {
          const page = await browser.open(html)
          expect(await page.evaluate("typeof ran")).toBe("undefined")
          expect(page.complaints.join("\n")).toContain("Content Security Policy")
          expect(await arrows(page, "frames")).toBe(8)
        })
      }))
  })

  describe("a session of 10,000 frames", () => {
    const views = 27

    /** Redraws a view this many times, each from its event to the finished layout. */
    const redraw = `(async () => {
    const chart = document.getElementById("chart")
    const { height, width, x, y } = chart.getBoundingClientRect()
    for (let i = 0; i < ${views}; i++) {
      const at = { clientX: x + width / 2, clientY: y + height / 2, deltaY: i % 9 < 6 ? -90 : 200, cancelable: true }
      chart.dispatchEvent(new WheelEvent("wheel", at))
      await new Promise((done) => requestAnimationFrame(() => done(document.body.getBoundingClientRect())))
    }
  })()`

    it.effect("takes less than 3 s of the processor to be painted and 100 ms to be zoomed, and shows all of them or one task", () =>
      opened(long(10_000), async (page) => {
        const painted_ms = await page.cpu_ms()
        expect(painted_ms).toBeLessThan(3_000)
        expect(await textOf(page, "#in-view")).toBe("10,018 frames and 10,128 other events in 5 days")
        expect(await drawn(page, ".column.frames", /z/)).toBeGreaterThan(300)
        expect(await arrows(page, "frames")).toBe(0)
        const before_ms = await page.cpu_ms()
        await page.evaluate(redraw)
        const redrawn_ms = (await page.cpu_ms() - before_ms) / views
        expect(redrawn_ms).toBeLessThan(100)
        const whole_mb = await page.evaluate<number>("document.documentElement.outerHTML.length / 1e6")
        console.log(
          `a page of 10,000 frames: ${whole_mb.toFixed(1)} MB, painted with ${
            painted_ms.toFixed(0)
          } ms of the processor, ` +
            `drawn anew with ${redrawn_ms.toFixed(0)} ms`
        )
        await click(page, `[data-task="${id(7)}"]`)
        expect(await arrows(page, "frames", ":not(.dim)")).toBe(23) // 21 of the task, 2 of a connection
        expect(await textsOf(page, "nav .tasks .help")).toEqual(["and 51 more"])
      }))

    it.effect("is drawn up to a limit, which the page names", () =>
      opened(long(30_000), async (page) => {
        const notes = await textsOf(page, "header .note")
        expect(notes).toEqual([
          expect.stringMatching(
            /^Drawn are the first 50,000 of [\d,]+ events, until [\d:.]+; .* Choose another part with --from and --to/
          )
        ])
        expect(await textOf(page, "#in-view")).toMatch(/ frames and /)
      }))
  })

  describe("a long text", () => {
    it.effect("is cut, and both its event and the header say so", () =>
      opened(quiet().wait(500).assign(id(-1), 1, "x".repeat(9_000)), async (page) => {
        expect(await textsOf(page, "header .note")).toEqual(["1 text cut to 4,000 characters or less."])
        await page.evaluate("document.getElementById('chart').focus()")
        await page.press("End")
        for (let i = 0; i < 2; i++) await page.press("ArrowLeft")
        expect(await textOf(page, "#details")).toMatch(/x{100}\n… 5,\d{3} more characters$/)
      }))
  })
})
