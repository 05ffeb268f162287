//! A small bar chart as a picture (PNG, ISO/IEC 15948): rows with a number each, and a bar for every count.
//!
//! Few colours and large areas: the picture is written without compression (RFC 1951 section 3.2.4), and is small.

/// How many counts a row has.
pub const COUNTS: usize = 4;
/// The counts of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bars(pub [i64; COUNTS]);

/// The width of the picture, in pixels.
const WIDTH: usize = 480;
/// Where bars begin: right of the row's number.
const LEFT: usize = 28;
/// The height of a bar.
const BAR: usize = 5;
/// The space above a row.
const GAP: usize = 6;
/// How large a dot of a digit is.
const DOT: usize = 2;
/// The colours: the ground, the digits, then those of the counts; red, green and blue each.
const COLOURS: [[u8; 3]; 2 + COUNTS] = [
    [0xff, 0xff, 0xff],
    [0x55, 0x5b, 0x66],
    [0x34, 0x6d, 0xb5],
    [0x2e, 0x9e, 0x5b],
    [0x1d, 0x56, 0x36],
    [0xc8, 0x3c, 0x3c],
];
/// The ten digits, three dots wide and five high: each line's dots as bits.
const DIGITS: [[u8; 5]; 10] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b011, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b010, 0b010, 0b010],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
];

/// Draws the rows, numbered from 1; the largest count is as wide as the picture.
pub fn png(rows: &[Bars]) -> Vec<u8> {
    let row_height = GAP + COUNTS * BAR;
    let mut canvas = Canvas::new((rows.len() * row_height + GAP).max(1));
    let largest = rows.iter().flat_map(|row| row.0).max().unwrap_or_default().max(1);
    for (at, Bars(counts)) in rows.iter().enumerate() {
        let top = at * row_height + GAP;
        canvas.number(at + 1, top + (COUNTS * BAR).saturating_sub(5 * DOT) / 2);
        for (which, count) in counts.iter().enumerate() {
            let colour = u8::try_from(2 + which).unwrap_or_default();
            canvas.fill(LEFT, top + which * BAR, length(*count, largest), BAR - 1, colour);
        }
    }
    canvas.png()
}

/// How long a bar is: one pixel at least, where there is anything.
fn length(count: i64, largest: i64) -> usize {
    let room = i128::try_from(WIDTH - LEFT - GAP).unwrap_or_default();
    let length = usize::try_from(i128::from(count.max(0)) * room / i128::from(largest)).unwrap_or_default();
    length.max(usize::from(count > 0))
}

/// Pixels, each the number of a colour.
struct Canvas {
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(height: usize) -> Self {
        Self { height, pixels: vec![0; WIDTH * height] }
    }

    fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, colour: u8) {
        for line in self.pixels.chunks_mut(WIDTH).skip(top).take(height) {
            line.iter_mut().skip(left).take(width).for_each(|pixel| *pixel = colour);
        }
    }

    /// Writes a number that ends left of the bars.
    fn number(&mut self, number: usize, top: usize) {
        for (at, digit) in number.to_string().bytes().rev().enumerate() {
            let lines = DIGITS.get(usize::from(digit - b'0')).copied().unwrap_or_default();
            let Some(left) = LEFT.checked_sub((at + 1) * 4 * DOT + DOT) else { return };
            for (y, line) in lines.into_iter().enumerate() {
                for x in (0..3).filter(|x| line >> (2 - x) & 1 == 1) {
                    self.fill(left + x * DOT, top + y * DOT, DOT, DOT, 1);
                }
            }
        }
    }

    fn png(&self) -> Vec<u8> {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes();
        // Eight bits a pixel, each the number of a colour in the palette.
        let head = [&number(WIDTH)[..], &number(self.height)[..], &[8, 3, 0, 0, 0]].concat();
        // Each line begins with its filter: none.
        let raw: Vec<u8> = self.pixels.chunks(WIDTH).flat_map(|line| [&[0], line].concat()).collect();
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, data) in
            [(b"IHDR", head), (b"PLTE", COLOURS.concat()), (b"IDAT", stored(&raw)), (b"IEND", Vec::new())]
        {
            png.extend(number(data.len()));
            let checked = [&kind[..], &data].concat();
            png.extend(&checked);
            png.extend(crc(&checked).to_be_bytes());
        }
        png
    }
}

/// The data in the form of zlib (RFC 1950), without compression.
fn stored(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = raw.chunks(usize::from(u16::MAX));
    let last = blocks.len().saturating_sub(1);
    for (at, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).unwrap_or_default();
        out.push(u8::from(at == last));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    out.extend(adler(raw).to_be_bytes());
    out
}

/// The checksum of zlib (RFC 1950 section 8.2).
fn adler(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    b << 16 | a
}

/// The checksum of a chunk (ISO/IEC 15948, annex D).
fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// The pixels of a picture, by another's reading of zlib.
    fn pixels(png: &[u8]) -> Vec<Vec<u8>> {
        let at = png.windows(4).position(|name| name == b"IDAT").unwrap();
        let mut raw = Vec::new();
        flate2::read::ZlibDecoder::new(&png[at + 4..]).read_to_end(&mut raw).unwrap();
        raw.chunks(WIDTH + 1).map(|line| line[1..].to_vec()).collect()
    }

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc(b"IEND"), 0xae42_6082);
        assert_eq!(adler(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn bars_are_as_long_as_their_counts_and_what_is_there_shows() {
        let rows = [Bars([1000, 500, 1, 0]), Bars([0; COUNTS])];
        let pixels = pixels(&png(&rows));
        let of = |line: &Vec<u8>, colour| line.iter().filter(|pixel| u32::from(**pixel) == colour).count();
        let width = |colour: u32| pixels.iter().map(|line| of(line, colour)).max().unwrap();
        let room = WIDTH - LEFT - GAP;
        assert_eq!([2, 3, 4, 5].map(width), [room, room / 2, 1, 0]);
        assert!(width(1) > 0, "the rows have numbers");
    }

    #[test]
    fn any_counts_make_a_picture() {
        for rows in [vec![], vec![Bars([i64::MAX, i64::MIN, -1, 0]); 200]] {
            assert!(png(&rows).starts_with(b"\x89PNG\r\n\x1a\n"));
        }
    }
}
