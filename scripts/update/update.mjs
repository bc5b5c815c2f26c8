import { rmSync } from "node:fs"
import {
  differs,
  fastForward,
  finishFastForward,
  newestCommit,
  openCheckout,
  refuseChanges,
  writeFilesOf
} from "./checkout.mjs"
import { flush, isWhole, makeVersion } from "./install.mjs"
import { alone, choose, newFolder, prune } from "./versions.mjs"

/** The part of the time that is kept for moving the checkout, which should not be broken off. */
const reserve = 0.1

/** Builds a commit in a folder of its own and names it as the version to run. */
const build = async (checkout, commit, from, { stop, until, versions }) => {
  const folder = newFolder(versions, commit)
  try {
    await writeFilesOf(checkout, commit, folder)
    await makeVersion(folder, { commit, from, stop, until: until - reserve * (until - Date.now()) })
    await flush({ stop, until })
    choose(versions, { commit, folder })
    return folder
  } catch (error) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 2 })
    throw error
  }
}

/** What `git pull --ff-only` would go from and to; undefined, and said, where it would refuse. */
const plan = async (checkout, { say, until, versions }) => {
  try {
    await finishFastForward(checkout, versions)
    const commits = await newestCommit(checkout, until)
    await refuseChanges(checkout, versions, commits)
    return commits
  } catch (error) {
    say("update_skipped", { reason: error.message })
    return undefined
  }
}

const updateAlone = async (options, checkout) => {
  const { built, say, versions } = options
  const commits = await plan(checkout, options)
  if (commits === undefined) return
  const { head, newest } = commits
  // Looked at only now, as another start may have built it meanwhile.
  const { commit: from, folder: old } = built() || {}
  const isCurrent = old !== undefined && isWhole(old) && !await differs(checkout, from, newest)
  const folder = isCurrent ? old : await build(checkout, newest, old, options)
  if (head !== newest) await fastForward(checkout, versions, { folder, newest })
  if (isCurrent) return say("up_to_date", { commit: newest })
  prune(versions)
  say("updated", { from: from || "nothing", commit: newest })
}

/**
 * Lets the checkout at `root` follow its remote branch and builds what is new beside the version that runs. All that it
 * changes for the next start is one file, `current` in the folder `versions`, and that only for a version that is whole.
 * It rejects with the reason of a failure, and is done by `until` (epoch ms) or soon after `stop` is aborted.
 */
export const updateCheckout = (options) => alone(options, async () => updateAlone(options, await openCheckout(options)))
