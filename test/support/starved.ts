import { spawnSync } from "node:child_process"

const noInotify =
  `echo 0 > /proc/sys/user/max_inotify_instances && exec unshare --user --map-root-user sh -c 'exec "$@"' sh "$@"`

/** A command that becomes another one, for whose user the system has no inotify instance left. */
export const withoutInotify = ["unshare", "--user", "--map-root-user", "sh", "-c", noInotify, "sh"]

/** Whether this user may make a user namespace, and lower its limits. */
export const mayStarve = ((): boolean => {
  const [program = "", ...args] = [...withoutInotify, "true"]
  const may = spawnSync(program, args, { stdio: "ignore" }).status === 0
  if (!may) {
    console.warn("this user may not make a user namespace (unshare --user): used up inotify limits are not tested")
  }
  return may
})()

/** A command that becomes another one, which may have no more than so many file descriptors. */
export const withDescriptors = (count: number) => ["sh", "-c", `ulimit -n ${count} && exec "$@"`, "sh"]
