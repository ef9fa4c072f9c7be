//! One metric family being written for a scrape: the catalogue's name, help, type
//! and labels with the values of the moment, in the shapes of the `prometheus`
//! package. The only file that knows those shapes.

use prometheus::core::Desc;
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};

use crate::telemetry::catalog::{Described, Kind};
use crate::telemetry::histogram::Total;

/// A metric family being written.
pub struct Family {
    metric: Described,
    series: Vec<Metric>,
}

impl Family {
    /// An empty family of that metric.
    pub fn of(metric: &Described) -> Family {
        Family { metric: *metric, series: Vec::new() }
    }

    /// A counter or gauge; values follow the catalogue's order of labels.
    pub fn push(&mut self, labels: &[&str], value: f64) {
        let mut series = Metric::from_label(self.pairs(labels));
        if self.metric.kind == Kind::Counter {
            let mut counter = Counter::default();
            counter.set_value(value);
            series.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            series.set_gauge(gauge);
        }
        self.series.push(series);
    }

    /// A counter of a wide list, left out while it is zero.
    pub fn push_used(&mut self, labels: &[&str], count: u64) {
        if count > 0 {
            self.push(labels, count as f64);
        }
    }

    /// A histogram, summed before.
    pub fn push_total(&mut self, labels: &[&str], total: &Total) {
        let Kind::Histogram(bounds) = self.metric.kind else { return };
        let bucket = |(bound, count)| {
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(bound);
            bucket.set_cumulative_count(count);
            bucket
        };
        let mut histogram = Histogram::default();
        histogram.set_bucket(total.cumulative(bounds).map(bucket).collect());
        histogram.set_sample_count(total.count());
        histogram.set_sample_sum(total.seconds());
        let mut series = Metric::from_label(self.pairs(labels));
        series.set_histogram(histogram);
        self.series.push(series);
    }

    fn pairs(&self, values: &[&str]) -> Vec<LabelPair> {
        let pair = |(name, value): (&&str, &&str)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        };
        // By name, as the package itself orders them: readers see one order everywhere.
        let mut pairs: Vec<LabelPair> = self.metric.labels.iter().zip(values).map(pair).collect();
        pairs.sort_unstable_by(|a, b| a.name().cmp(b.name()));
        pairs
    }

    /// The family as the encoder takes it.
    pub fn finish(self) -> MetricFamily {
        let mut family = MetricFamily::default();
        family.set_name(self.metric.name.to_owned());
        family.set_help(self.metric.help.to_owned());
        family.set_field_type(match self.metric.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
            Kind::Histogram(_) => MetricType::HISTOGRAM,
        });
        family.set_metric(self.series);
        family
    }
}

impl Described {
    /// What the registry wants to know before the first scrape.
    pub fn description(&self) -> prometheus::Result<Desc> {
        let labels = self.labels.iter().map(|label| (*label).to_owned()).collect();
        Desc::new(self.name.to_owned(), self.help.to_owned(), labels, Default::default())
    }
}
