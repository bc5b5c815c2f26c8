import { readFileSync } from "node:fs"
import { join } from "node:path"

/** In this order none needs what stands after it. */
const modules = [
  "words.js",
  "scale.js",
  "layout.js",
  "labels.js",
  "plan.js",
  "chart.js",
  "overview.js",
  "pointer.js",
  "details.js",
  "Viewer.js",
  "Reader.js",
  "main.js"
]

/** In this order one may overrule those before it. */
const styles = ["colours.css", "frame.css", "lists.css", "chart.css", "card.css"]

const read = (name: string): string => readFileSync(join(import.meta.dirname, "page", name), "utf8")

/** A page opened from a file may not import, so the modules become one script, whose names are its own. */
const withoutModules = (text: string): string =>
  text.replaceAll(/^import [^"]*"[^"]+"\n/gm, "").replaceAll(/^export /gm, "")

export interface Assets {
  readonly script: string
  readonly style: string
}

/** The script and the style of the page, from the folder `page` beside this file (in the bundle: beside the bundle). */
export const readAssets = (): Assets => ({
  script: `"use strict"\n{\n${modules.map((name) => withoutModules(read(name))).join("\n")}}\n`,
  style: styles.map(read).join("\n")
})
