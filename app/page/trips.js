/* Round-trip times: pings on their way, the last answer, and the median of the recent ones. */

const KEPT = 60;         /* two minutes of them */
const ON_THEIR_WAY = 16;

export class Trips {
  #sent = new Map();
  #times = [];
  #next = 1;

  /* The number of the ping that leaves now. */
  leave(now) {
    const key = this.#next++;
    this.#sent.set(key, now);
    if (this.#sent.size > ON_THEIR_WAY)
      this.#sent.delete(this.#sent.keys().next().value);
    return key;
  }

  /* True when key is a ping of ours, and the first answer to it. */
  arrive(key, now) {
    const left = this.#sent.get(key);
    if (left === undefined)
      return false;
    this.#sent.delete(key);
    this.#times.push(now - left);
    if (this.#times.length > KEPT)
      this.#times.shift();
    return true;
  }

  get last() {
    return this.#times[this.#times.length - 1];
  }

  get median() {
    const sorted = [...this.#times].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
