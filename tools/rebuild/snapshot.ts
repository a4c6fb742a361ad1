/** Which transactions a copy holds already. */

/** `xmin:xmax:xip` of a manifest. The servers here have seen fewer than 2^32 transactions. */
export const isSeen = (snapshot: string, xid: number): boolean => {
  const [xmin = "", xmax = "", inProgress = ""] = snapshot.split(":")
  return xid < Number(xmin) || (xid < Number(xmax) && !inProgress.split(",").includes(String(xid)))
}
