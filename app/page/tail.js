/* A scrolling list that keeps its last entries.
 *
 * Entries wait for the next animation frame and are drawn together, so a flood costs one
 * layout a frame; what waits is bounded like what is shown, because a hidden page draws
 * nothing. The view follows the end, also through changes of its size, unless the reader has
 * scrolled away from it. */

const NEAR_END_PX = 24;

export class Tail {
  #waiting = [];
  #scheduled = false;
  #following = true;

  constructor({ scroller, list, limit, draw }) {
    this.scroller = scroller;
    this.list = list;
    this.limit = limit;
    this.draw = draw;
    scroller.addEventListener("scroll", () => {
      this.#following = this.#atEnd();
    });
    const sizes = new ResizeObserver(() => this.#follow());
    sizes.observe(scroller);
    sizes.observe(scroller.firstElementChild);
  }

  add(entry) {
    this.#waiting.push(entry);
    if (this.#waiting.length > this.limit)
      this.#waiting.shift();
    if (this.#scheduled)
      return;
    this.#scheduled = true;
    requestAnimationFrame(() => this.#flush());
  }

  /* Goes back to the end, wherever the reader is. */
  reveal() {
    this.#following = true;
    this.#follow();
  }

  clear() {
    this.#waiting = [];
    this.list.replaceChildren();
  }

  #flush() {
    this.list.append(...this.#waiting.map(this.draw));
    this.#waiting = [];
    this.#scheduled = false;
    while (this.list.childElementCount > this.limit)
      this.list.firstElementChild.remove();
    this.#follow();
  }

  #follow() {
    if (this.#following)
      this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight <= NEAR_END_PX;
  }
}
