//! An inventory kept in files: reads a journal of stock movements below the folder given as argument, replays it over
//! the standard collections, writes reports back and prints a summary. `panic` as first argument panics instead.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::env;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::rc::{Rc, Weak};
use std::str::FromStr;

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Movement {
    Arrive { item: String, count: u32 },
    Leave { item: String, count: u32 },
    Rename { from: String, to: String },
}

#[derive(Debug)]
enum Fault {
    Syntax { line: usize, text: String },
    Shortage { item: String, wanted: u32, there: u32 },
    Input(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Syntax { line, text } => write!(f, "line {}: cannot read {:?}", line, text),
            Fault::Shortage { item, wanted, there } => {
                write!(f, "{}: {} wanted, {} there", item, wanted, there)
            }
            Fault::Input(error) => write!(f, "input: {:?}", error.kind()),
        }
    }
}

impl std::error::Error for Fault {}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Input(error)
    }
}

impl FromStr for Movement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let count = |word: &str| word.parse::<u32>().map_err(|e| e.to_string());
        match words.as_slice() {
            ["arrive", item, n] => Ok(Movement::Arrive { item: item.to_string(), count: count(n)? }),
            ["leave", item, n] => Ok(Movement::Leave { item: item.to_string(), count: count(n)? }),
            ["rename", from, to] => Ok(Movement::Rename { from: from.to_string(), to: to.to_string() }),
            _ => Err(format!("{} words", words.len())),
        }
    }
}

#[derive(Default)]
struct Store {
    stock: HashMap<String, u64>,
    history: VecDeque<Movement>,
    touched: BTreeSet<String>,
}

impl Store {
    fn apply(&mut self, movement: Movement) -> Result<(), Fault> {
        match &movement {
            Movement::Arrive { item, count } => *self.stock.entry(item.clone()).or_default() += u64::from(*count),
            Movement::Leave { item, count } => {
                let there = self.stock.get_mut(item).filter(|n| **n >= u64::from(*count));
                match there {
                    Some(n) => *n -= u64::from(*count),
                    None => {
                        let there = self.stock.get(item).copied().unwrap_or(0) as u32;
                        return Err(Fault::Shortage { item: item.clone(), wanted: *count, there });
                    }
                }
            }
            Movement::Rename { from, to } => {
                if let Some(n) = self.stock.remove(from) {
                    *self.stock.entry(to.clone()).or_insert(0) += n;
                }
            }
        }
        if let Movement::Arrive { item, .. } | Movement::Leave { item, .. } = &movement {
            self.touched.insert(item.clone());
        }
        self.history.push_back(movement);
        if self.history.len() > 100 {
            self.history.pop_front();
        }
        Ok(())
    }
}

struct Random(u64);

impl Iterator for Random {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Some((self.0 >> 16) as u32)
    }
}

fn write_journal(path: &Path) -> io::Result<u64> {
    let items = ["bolt", "nut", "washer", "gear", "schräubchen", "歯車"];
    let mut random = Random(88172645463325252);
    let mut out = BufWriter::new(File::create(path)?);
    for i in 0..4000 {
        let item = items[random.next().unwrap() as usize % items.len()];
        let count = random.next().unwrap() % 50;
        match random.next().unwrap() % 10 {
            0..=5 => writeln!(out, "arrive {} {}", item, count)?,
            6..=8 => writeln!(out, "leave {} {}", item, count * 3)?,
            _ if i % 3 == 0 => writeln!(out, "rename {} {}-{}", item, item, i % 4)?,
            _ => writeln!(out, "lose {:>8}", item)?,
        }
    }
    out.flush()?;
    out.seek(SeekFrom::Current(0))
}

fn replay(path: &Path) -> Result<(Store, BTreeMap<&'static str, usize>), Fault> {
    let mut store = Store::default();
    let mut faults = BTreeMap::new();
    for (index, line) in BufReader::new(File::open(path)?).lines().enumerate() {
        let line = line?;
        let outcome = line
            .parse::<Movement>()
            .map_err(|_| Fault::Syntax { line: index + 1, text: line.clone() })
            .and_then(|movement| store.apply(movement));
        if let Err(fault) = outcome {
            let kind = match &fault {
                Fault::Syntax { .. } => "syntax",
                Fault::Shortage { .. } => "shortage",
                Fault::Input(_) => "input",
            };
            let seen = faults.entry(kind).or_insert(0);
            *seen += 1;
            if *seen <= 2 {
                println!("  {}", fault);
            }
        }
    }
    Ok((store, faults))
}

#[derive(Debug)]
struct Shelf {
    name: String,
    above: RefCell<Weak<Shelf>>,
    below: RefCell<Vec<Rc<Shelf>>>,
}

fn shelves() {
    let shelf = |name: &str| {
        Rc::new(Shelf { name: name.into(), above: RefCell::default(), below: RefCell::default() })
    };
    let root = shelf("root");
    for i in 0..3 {
        let child = shelf(&format!("shelf {}", i));
        *child.above.borrow_mut() = Rc::downgrade(&root);
        root.below.borrow_mut().push(child);
    }
    let last = root.below.borrow()[2].clone();
    let above = last.above.borrow().upgrade().map(|s| s.name.clone());
    println!("shelves: {:?}, {} strong, {} weak", above, Rc::strong_count(&last), Rc::weak_count(&root));
    drop(root);
    println!("after the drop: {:?}", last.above.borrow().upgrade().map(|s| s.name.clone()));
}

fn numbers() {
    println!("{:08.3}|{:+}|{:#x}|{:#010b}|{:e}|{:>6}|{:^7}|{:<5}|", 3.14159f64, 7, 255, 5, 1234.5f64, "ab", "mid", 'c');
    println!("{:?} {:?} {:?} {}", 0.1f32 + 0.2f32, 1e21f64, f64::NAN, f64::MAX);
    println!("{:?} {:?}", "2.5e-3".parse::<f64>(), "abc".parse::<i32>().map_err(|e| e.to_string()));
    println!("{:?} {:?} {:?}", 200u8.checked_add(100), 200u8.wrapping_add(100), i32::MIN.overflowing_neg());
    println!("{} {}", u128::MAX / 7, (i128::MAX - 12345) % 1_000_000_007);
    println!("{} {} {}", 0x1234_5678u32.rotate_left(9), 40u64.leading_zeros(), u16::from_str_radix("zz", 36).unwrap());
    let total: f64 = (1..=1000).map(|n| 1.0 / f64::from(n * n)).sum();
    println!("{:.12} {:.6} {:.6}", total, total.sqrt().sin(), 2f64.powf(0.5).ln());
}

fn collections() {
    let mut heap: BinaryHeap<_> = Random(1234567).take(500).map(|n| n % 10_000).collect();
    let top: Vec<u32> = std::iter::from_fn(|| heap.pop()).take(6).collect();
    println!("top {:?}", top);
    let a: HashSet<u32> = Random(99).take(3000).map(|n| n % 5000).collect();
    let b: HashSet<u32> = Random(77).take(3000).map(|n| n % 5000).collect();
    let mut both: Vec<_> = a.intersection(&b).copied().collect();
    both.sort_unstable_by(|x, y| y.cmp(x));
    println!("sets {} {} {} {:?}", a.len(), b.len(), both.len(), &both[..4]);
    let mut words: Vec<String> = "the quick brown fox jumps over the lazy dog ÄÖ ß".split(' ').map(str::to_uppercase).collect();
    words.sort_by_key(|w| (w.chars().count(), w.clone()));
    words.dedup();
    println!("words {}", words.join(","));
    let grouped = words.iter().fold(BTreeMap::<usize, Vec<&str>>::new(), |mut map, word| {
        map.entry(word.len()).or_default().push(word);
        map
    });
    println!("grouped {:#?}", grouped.range(4..).next());
    let ring: VecDeque<i32> = (0..10).collect();
    let (left, right): (Vec<i32>, Vec<i32>) = ring.iter().rev().partition(|n| **n % 3 == 0);
    println!("split {:?} {:?} windows {:?}", left, right, right.windows(2).map(|w| w[0] - w[1]).max());
    let boxed: Vec<Box<dyn Fn(i64) -> i64>> = vec![Box::new(|x| x + 1), Box::new(|x| x * x), Box::new(move |x| x - top[0] as i64)];
    println!("folded {}", boxed.iter().fold(9, |x, f| f(x)));
}

fn files(folder: &Path, store: &Store) -> io::Result<()> {
    let reports = folder.join("reports").join("deep");
    fs::create_dir_all(&reports)?;
    let summary = reports.join("summary.txt");
    let mut sorted: Vec<_> = store.stock.iter().collect();
    sorted.sort();
    let mut out = File::create(&summary)?;
    for (item, count) in &sorted {
        writeln!(out, "{:<16}{:>8}", item, count)?;
    }
    drop(out);
    let mut again = OpenOptions::new().read(true).append(true).open(&summary)?;
    again.write_all("end\n".as_bytes())?;
    again.seek(SeekFrom::Start(0))?;
    let mut text = String::new();
    again.read_to_string(&mut text)?;
    println!("summary: {} lines, {} bytes, {} in metadata", text.lines().count(), text.len(), fs::metadata(&summary)?.len());
    fs::copy(&summary, reports.join("copy.txt"))?;
    fs::rename(reports.join("copy.txt"), folder.join("moved.txt"))?;
    fs::write(reports.join("empty.txt"), b"")?;
    let mut names: Vec<PathBuf> = fs::read_dir(&reports)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<_>>()?;
    names.sort();
    println!("listed: {:?}", names.iter().filter_map(|p| p.file_name()).collect::<Vec<_>>());
    let missing = File::open(folder.join("missing.txt")).map(|_| ()).map_err(|e| e.kind());
    let twice = fs::create_dir(&reports).map_err(|e| e.kind());
    let exclusive = OpenOptions::new().write(true).create_new(true).open(&summary).map(|_| ()).map_err(|e| e.kind());
    println!("{:?} {:?} {:?}", missing, twice, exclusive);
    fs::remove_file(reports.join("empty.txt"))?;
    println!("still there: {}", reports.join("empty.txt").exists());
    Ok(())
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    println!("arguments {:?}", arguments);
    println!("LEVEL {:?} ABSENT {:?}", env::var("LEVEL"), env::var("ABSENT"));
    if arguments.first().map(String::as_str) == Some("panic") {
        let empty: Vec<u8> = Vec::new();
        println!("{}", empty[arguments.len()]);
    }
    let folder = PathBuf::from(arguments.first().cloned().unwrap_or_else(|| ".".into()));
    let journal = folder.join("journal.txt");
    match write_journal(&journal) {
        Ok(bytes) => println!("journal of {} bytes", bytes),
        Err(error) => {
            println!("cannot write the journal: {:?}", error.kind());
            process::exit(3);
        }
    }
    let (store, faults) = match replay(&journal) {
        Ok(pair) => pair,
        Err(fault) => {
            eprintln!("{}", fault);
            process::exit(4);
        }
    };
    println!("faults {:?}, {} kinds in stock, {} in history", faults, store.stock.len(), store.history.len());
    println!("touched {:?}", store.touched);
    println!("last {:?}", store.history.back());
    shelves();
    numbers();
    collections();
    if let Err(error) = files(&folder, &store) {
        println!("files: {:?}", error.kind());
        process::exit(5);
    }
    let input: Vec<String> = io::stdin().lock().lines().map_while(Result::ok).collect();
    println!("input: {} lines, longest {:?}", input.len(), input.iter().max_by_key(|l| l.len()));
}
