/** What begins a process in namespaces of its own: of users, networks, pids and mounts. */
export const ownNamespaces = [
  "unshare",
  "--user",
  "--map-root-user",
  "--net",
  "--pid",
  "--mount",
  "--fork",
  "--mount-proc",
  "--kill-child"
]

const noInotify =
  `echo 0 > /proc/sys/user/max_inotify_instances && exec unshare --user --map-root-user sh -c 'exec "$@"' sh "$@"`

/** A command that becomes another one, for whose user the system has no inotify instance left. */
export const withoutInotify = ["unshare", "--user", "--map-root-user", "sh", "-c", noInotify, "sh"]
