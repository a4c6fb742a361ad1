/** Tests four bytes at once, as a number of 32 bits whose lowest byte is the first one. */

/** Four times the same byte. */
export const four = (code: number): number => code * 0x01010101

/** Marks the bytes that are zero, for `firstOf`; 0 if there are none. */
export const zeroBytes = (word: number): number => (word - 0x01010101) & ~word & -0x7f7f7f80

/** Marks the bytes less than 0x2d. All bytes with a meaning in a value are: `'`, `"`, `,`, CR, LF and zero. */
export const smallBytes = (word: number): number => (word - 0x2d2d2d2d) & ~word & -0x7f7f7f80

/** Returns the index of the first marked byte: 0 to 3. */
export const firstOf = (marks: number): number => (31 - Math.clz32(marks & -marks)) >> 3
