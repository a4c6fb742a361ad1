/** Four bytes at once, as a number of 32 bits whose lowest byte is the first one. */

/** Four times the same byte. */
export const four = (code: number): number => code * 0x01010101

/** Bits that `firstOf` understands; 0 where none of four bytes is zero. */
export const zeroBytes = (word: number): number => (word - 0x01010101) & ~word & -0x7f7f7f80

/** The same for bytes less than 0x2d: all that mean something in a value are (`'`, `"`, `,`, CR, LF and zero). */
export const smallBytes = (word: number): number => (word - 0x2d2d2d2d) & ~word & -0x7f7f7f80

/** Which of the four bytes is the first one that was found: 0 to 3. */
export const firstOf = (found: number): number => (31 - Math.clz32(found & -found)) >> 3
