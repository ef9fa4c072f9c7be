//! Where each node of the tree stands, what leads there, and whether it may be shown.
//! A `Place` is a number that survives every later step; `Places` is its dictionary.

use std::ops::Range;

/// The number of one node of the tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place(pub u32);

/// Whether a value may stand in a message or under a caret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Secrecy {
    /// As it is.
    Open,
    /// Never.
    Hidden,
}

/// How a scalar came to its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// It stands in the file.
    Written,
    /// It came through `${…}`.
    Filled,
}

/// What is known of one node.
#[derive(Clone, Debug)]
pub struct Spot {
    /// The bytes under the caret.
    pub span: Range<usize>,
    /// The node around it.
    pub parent: Option<Place>,
    /// The step from there: `.key` or `[index]`.
    pub step: String,
    /// Whether its value may be shown.
    pub secrecy: Secrecy,
    /// Whether its value stands in the file.
    pub origin: Origin,
    /// True for a scalar value: its span is the value itself.
    pub leaf: bool,
}

/// All nodes of one file.
#[derive(Clone, Debug, Default)]
pub struct Places(Vec<Spot>);

impl Places {
    /// Gives out the next number.
    pub fn add(&mut self, spot: Spot) -> Place {
        self.0.push(spot);
        Place(u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX))
    }

    /// What is known of a node.
    pub fn spot(&self, place: Place) -> Option<&Spot> {
        self.0.get(place.0 as usize)
    }

    /// The same, to be changed.
    pub fn spot_mut(&mut self, place: Place) -> Option<&mut Spot> {
        self.0.get_mut(place.0 as usize)
    }

    /// The bytes under the caret.
    pub fn span(&self, place: Place) -> Range<usize> {
        self.spot(place).map_or(0..0, |spot| spot.span.clone())
    }

    /// True when the value may not be shown.
    pub fn hidden(&self, place: Place) -> bool {
        self.spot(place).is_some_and(|spot| spot.secrecy == Secrecy::Hidden)
    }

    /// True when the value came through `${…}`.
    pub fn filled(&self, place: Place) -> bool {
        self.spot(place).is_some_and(|spot| spot.origin == Origin::Filled)
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Spot> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The way from the top: `routes[3].access[0].methods`.
    pub fn path(&self, place: Place) -> String {
        let mut steps = Vec::new();
        let mut here = self.spot(place);
        while let Some(spot) = here {
            steps.push(spot.step.as_str());
            here = spot.parent.and_then(|parent| self.spot(parent));
        }
        steps.reverse();
        steps.concat().trim_start_matches('.').to_owned()
    }
}
