import { createHash } from "node:crypto"
import { join } from "node:path"
import { fillPrompt } from "../config/promptTemplate.ts"
import type { Task } from "../domain/Work.ts"
import { limits } from "../limits.ts"
import type { WakeFiles } from "../process/taskFiles.ts"

/** A name that none of the texts holds, so that none of them can pretend to end. It is the same for the same texts. */
const nameFor = (texts: ReadonlyArray<string>, round = 0): string => {
  const hash = createHash("sha256").update(`${round}`)
  for (const text of texts) hash.update(`\0${text.length}\0`).update(text)
  const name = hash.digest("hex").slice(0, 16)
  return texts.some((text) => text.includes(name)) ? nameFor(texts, round + 1) : name
}

const fenced = (what: string, name: string, text: string): string =>
  `===== ${what} ${name} begins =====\n${text}\n===== ${what} ${name} ends =====`

/** What the assignment says beyond what stands elsewhere in the prompt; empty where that is nothing. */
const detailsOf = ({ payload: { assignment, metadata } }: Task, task_file: string): string => {
  const { assigned_at: _a, description: _d, generation: _g, metadata: _m, task_id: _i, type: _t, ...others } =
    assignment
  const details = Object.keys(metadata).length > 0 ? { ...others, metadata } : others
  if (Object.keys(details).length === 0) return "{}"
  const text = JSON.stringify(details, null, 2)
  const bytes = Buffer.byteLength(text)
  return bytes > limits.prompt_details_bytes ? `They are ${bytes} bytes: read them in the file ${task_file}` : text
}

/** The text that an agent is to read: the template with the task, fenced, and the paths of its files put in. */
export const promptText = (template: string, task: Task, files: WakeFiles, results_dir: string): string => {
  const details = detailsOf(task, files.payload_path)
  const name = nameFor([task.payload.description, details])
  const result = (ending: string): string => join(results_dir, `${task.id}${ending}`)
  return fillPrompt(template, {
    task: fenced("task", name, task.payload.description),
    details: fenced("details", name, details),
    task_id: task.id,
    task_file: files.payload_path,
    results_dir,
    started_file: result(".started"),
    progress_file: result(".progress"),
    answer_tmp_file: result(".json.tmp"),
    answer_file: result(".json")
  })
}
