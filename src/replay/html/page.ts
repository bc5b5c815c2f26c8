import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { limits } from "../limits.ts"
import type { ReplayEvent } from "../ReplayEvent.ts"
import { clockOf, dayOf, nameOfDay } from "../words.ts"
import type { Drawing, DrawnEvent, Totals } from "./Drawing.ts"
import { Renderer } from "./Renderer.ts"

/** In dependency order: none needs a later one while it is loaded. */
const modules = ["scale.js", "layout.js", "plan.js", "chart.js", "overview.js", "Viewer.js", "Reader.js", "main.js"]

/** A later one may override an earlier one. */
const styles = ["base.css", "lists.css", "chart.css", "card.css"]

/** Reads a file of `page/`, which the build copies beside the bundle. */
const readAsset = (name: string): string => readFileSync(join(import.meta.dirname, "page", name), "utf8")

/** A page that is opened from a file cannot import modules, so they become one script in one scope. */
const withoutModules = (text: string): string =>
  text.replaceAll(/^import [^"]*"[^"]+"\n/gm, "").replaceAll(/^export /gm, "")

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;"
}

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? "")

/** JSON for a script element. Without `<` nothing in it can end the element. */
const embedded = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c")

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

const count = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString("en")} ${n === 1 ? one : many}`

const verdict = ({ differs, totals: { differences } }: Drawing): string => {
  if (differences > 0) return `<span class="verdict differs">${count(differences, "difference")}</span>`
  return `<span class="verdict same">${differs ? "as recorded in this part, not in others" : "same as recorded"}</span>`
}

/** Date and time to the second, in UTC. */
const dateAndTime = (t: number): string => `${nameOfDay(dayOf(t))} ${clockOf(t).slice(0, 8)}`

const units = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]] as const

/** A duration in milliseconds, in its two largest units. */
const duration = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  let rest = Math.round(ms / 1_000)
  const parts = units.flatMap(([size, unit]) => {
    const whole = Math.floor(rest / size)
    rest %= size
    return whole === 0 ? [] : [`${whole} ${unit}`]
  })
  return parts.slice(0, 2).join(" ")
}

const spanOf = ({ first_t, last_t }: Totals): string =>
  first_t === null || last_t === null
    ? "nothing happened"
    : `${dateAndTime(first_t)} to ${dateAndTime(last_t)} UTC · ${duration(last_t - first_t)}`

const countsOf = ({ tasks, totals }: Drawing): string =>
  [
    count(tasks.length, "task"),
    `${count(totals.in, "frame")} in, ${totals.out.toLocaleString("en")} out`,
    count(totals.wakes, "wake"),
    count(totals.faults, "fault or retry", "faults and retries")
  ].join(" · ")

const notesOf = ({ events, frames_only, texts_cut, totals }: Drawing): ReadonlyArray<string> => [
  ...(frames_only ? ["Recorded were frames only; what the machine and the agent did is assumed."] : []),
  ...(totals.events > events.length
    ? [
      `Drawn are the first ${events.length.toLocaleString("en")} of ${count(totals.events, "event")}, until ${
        clockOf(events.at(-1)?.t ?? Number.NaN)
      }; the numbers of frames, wakes and faults are of the whole. Choose another part with --from and --to, or one task with --task.`
    ]
    : []),
  ...(texts_cut > 0
    ? [`${count(texts_cut, "text")} cut to ${limits.text_chars.toLocaleString("en")} characters or less.`]
    : [])
]

const list = (title: string, name: string, total: number, items: ReadonlyArray<string>): string => {
  if (total === 0) return ""
  const rest = total > items.length ? `<p class="help">and ${(total - items.length).toLocaleString("en")} more</p>` : ""
  return `<section class="${name}"><h2>${title}<span>${total.toLocaleString("en")}</span></h2>
<ul>${items.map((item) => `<li>${item}</li>`).join("\n")}</ul>${rest}</section>`
}

const tasksOf = ({ events, tasks }: Drawing): string =>
  list(
    "Tasks",
    "tasks",
    tasks.length,
    tasks.slice(0, limits.listed).map(({ description, faults, from, id, outcome, to, wakes }) => {
      const facts = [
        outcome,
        duration((events[to]?.t ?? 0) - (events[from]?.t ?? 0)),
        ...(wakes > 1 ? [`${wakes} wakes`] : []),
        ...(faults > 0 ? [count(faults, "fault")] : [])
      ]
      return `<button data-task="${escaped(id)}" aria-pressed="false" title="${escaped(description)}"><strong>${
        escaped(description === "" ? id : description)
      }</strong><span>${escaped(facts.join(" · "))}</span><span>${escaped(id)}</span></button>`
    })
  )

/** The list of the events with that mark. Each is a button that shows its event. */
const marked = (drawing: Drawing, title: string, name: string, why: (event: DrawnEvent) => string | null): string => {
  const items = drawing.events.flatMap((event, i) => {
    const text = why(event)
    return text === null
      ? []
      : [
        `<button data-at="${i}"><strong>${escaped(text)}</strong><span>${clockOf(event.t)} · ${
          escaped(event.label)
        }</span></button>`
      ]
  })
  return list(title, name, items.length, items.slice(0, limits.listed))
}

const headlines = { extra: "only this version", missing: "only the recording", changed: "not alike" }

const legend = [
  ["link", "connection"],
  ["task", "task"],
  ["recovery", "recovery"],
  ["progress", "progress"],
  ["report", "report"],
  ["refusal", "refusal, limit, cancellation"],
  ["agent", "agent"],
  ["talk", "messages"]
].map(([kind, meaning]) => `<span><i class="kind-${kind}"></i>${meaning}</span>`).join("")

const tools = `<div class="tools">
<div role="group" aria-label="Scale"><button data-scale="story" aria-pressed="true" title="Every event has room; long pauses are drawn shorter">Events</button><button data-scale="clock" aria-pressed="false" title="True to time; long silences are cut">Clock</button></div>
<div role="group" aria-label="View"><button data-action="earlier" aria-label="Earlier">←</button><button data-action="out" aria-label="Zoom out">−</button><button data-action="whole">Everything</button><button data-action="in" aria-label="Zoom in">+</button><button data-action="later" aria-label="Later">→</button></div>
<div role="group" aria-label="Event"><button data-action="previous">Previous</button><button data-action="next">Next</button></div>
<span id="in-view" aria-live="off"></span>
</div>`

const stage = `<div id="stage">
<svg id="chart" tabindex="0" role="application" aria-label="The session over time. Arrow keys go from event to event." aria-describedby="card"></svg>
<svg id="overview" aria-hidden="true"></svg>
<div id="card" role="status" hidden></div>
</div>
<div class="legend">${legend}<span>▲ fault or retry</span><span>◆ difference</span><span><em>1 min</em> silence that is drawn shorter</span></div>
<p class="help">Wheel: zoom · drag: move · click: choose · ← → : from event to event · shift ← → : move · + − 0 : zoom</p>
<section id="details" aria-live="polite"><p class="facts">Choose an event to keep its text here.</p></section>
<noscript><p class="note">The drawing needs JavaScript; it runs within this page and reaches no network.</p></noscript>`

/** How every page begins. */
export const beginning = "<!doctype html>"

/** The HTML of the page: one file, which neither loads nor sends anything. */
const htmlOf = (drawing: Drawing): string => {
  const script = `"use strict"\n{\n${modules.map((name) => withoutModules(readAsset(name))).join("\n")}}\n`
  const style = styles.map(readAsset).join("\n")
  const title = drawing.files.join(", ") || "a session"
  const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${
    hashOf(style)
  }; base-uri 'none'; form-action 'none'`
  const { bars, events, tasks } = drawing
  return `${beginning}
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escaped(title)} ${verdict(drawing)}</h1>
<p>${escaped(drawing.agent === null ? "" : `${drawing.agent} · `)}${spanOf(drawing.totals)}</p>
<p>${countsOf(drawing)}</p>
${notesOf(drawing).map((note) => `<p class="note">${note}</p>`).join("\n")}
</header>
<main>
<nav aria-label="Contents">
${tasksOf(drawing)}
${marked(drawing, "Differences", "difference", ({ differs }) => differs === null ? null : headlines[differs])}
${marked(drawing, "Faults and retries", "fault", ({ fault }) => fault)}
</nav>
<div>
${tools}
${stage}
</div>
</main>
<script type="application/json" id="session">${embedded({ bars, events, tasks })}</script>
<script>${script}</script>
</body>
</html>
`
}

export interface Page {
  /** Adds the next event of the session. */
  readonly take: (event: ReplayEvent) => void
  /** The HTML of the page with all events so far. */
  readonly page: () => string
}

/** Makes the page of a session of any length, in bounded memory (`limits.drawn_events`). */
export const makePage = (): Page => {
  const renderer = new Renderer()
  return {
    take: (event) => renderer.take(event),
    page: () => htmlOf(renderer.drawing)
  }
}
