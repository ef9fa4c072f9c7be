//! When active checks change their mind about a server: only after so many results of
//! one kind in a row, so that one lost packet moves nothing. The very first result
//! decides alone: until then nothing is known.

/// Results in a row that change the verdict; at least 1 each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Thresholds {
    /// Good ones, for a server that is down.
    pub rise: u32,
    /// Bad ones, for a server that is up.
    pub fall: u32,
}

/// What a check found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finding {
    /// What was expected.
    Good,
    /// Anything else, or nothing in time.
    Bad,
}

/// What the checks of one server have come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Streak {
    verdict: Option<Finding>,
    /// Results against the verdict in a row.
    against: u32,
}

impl Streak {
    /// Takes one result; the new verdict where it changes.
    pub fn take(&mut self, finding: Finding, thresholds: Thresholds) -> Option<Finding> {
        if self.verdict == Some(finding) {
            self.against = 0;
            return None;
        }
        self.against = self.against.saturating_add(1);
        let needed = match (self.verdict, finding) {
            (None, _) => 1,
            (Some(_), Finding::Good) => thresholds.rise,
            (Some(_), Finding::Bad) => thresholds.fall,
        };
        if self.against < needed {
            return None;
        }
        *self = Streak { verdict: Some(finding), against: 0 };
        Some(finding)
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Streak, Thresholds};
    use Finding::{Bad, Good};

    #[test]
    fn it_takes_a_row_to_change_the_verdict_and_one_to_begin() {
        let thresholds = Thresholds { rise: 2, fall: 3 };
        let mut streak = Streak::default();
        let mut take = |finding| streak.take(finding, thresholds);
        assert_eq!(take(Good), Some(Good));
        assert_eq!([take(Bad), take(Bad), take(Good), take(Bad), take(Bad)], [None; 5], "never three in a row");
        assert_eq!(take(Bad), Some(Bad));
        assert_eq!([take(Good), take(Bad), take(Good)], [None; 3]);
        assert_eq!(take(Good), Some(Good));
    }

    #[test]
    fn a_server_that_is_down_at_first_is_down_at_once() {
        let mut streak = Streak::default();
        assert_eq!(streak.take(Bad, Thresholds { rise: 1, fall: 9 }), Some(Bad));
        assert_eq!(streak.take(Good, Thresholds { rise: 1, fall: 9 }), Some(Good));
    }
}
