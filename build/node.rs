//! What a schema means once its JSON Schema spelling is out of the way.

/// One schema, classified.
#[derive(Clone, Debug)]
pub struct Node {
    pub shape: Shape,
    pub nullable: bool,
    pub doc: Option<String>,
    /// Where the document says so, for error messages.
    pub pointer: String,
    /// The same place as refinements write it: `Event.status`, `createSource.body.name`.
    pub path: String,
}

/// The closed list of things a schema can be.
#[derive(Clone, Debug)]
pub enum Shape {
    String,
    Bool,
    Integer,
    Float,
    Timestamp,
    /// Any JSON value, kept as it is.
    Json,
    /// A Rust type a refinement names: an id, `Secret`, `u16`, `Headers`.
    Named(String),
    Enum(Vec<String>),
    List(Box<Node>),
    Map(Box<Node>),
    Object(Vec<Prop>),
    /// Objects told apart by their `type` property.
    Tagged(Vec<(String, Node)>),
    /// An array or an object, told apart by the first byte; several objects by what each requires.
    ListOrObject(Box<Node>, Vec<Node>),
    /// One value or a list of them.
    OneOrMany(Box<Node>),
    /// A value or comparisons with one.
    Range(Box<Node>),
    /// A named schema of the document.
    Ref(String),
    /// A list filter, by its number in the type table.
    Filter(usize),
    /// Only `null`.
    Null,
    /// The comparison object `{gt, gte, ..}` itself; never emitted.
    Operators,
}

/// A property of an object.
#[derive(Clone, Debug)]
pub struct Prop {
    pub name: String,
    pub required: bool,
    pub node: Node,
}

impl Node {
    pub fn new(shape: Shape, path: &str, pointer: &str) -> Self {
        Node {
            shape,
            nullable: false,
            doc: None,
            pointer: pointer.to_owned(),
            path: path.to_owned(),
        }
    }

    /// A scalar: fits into one URL value.
    pub fn is_scalar(&self) -> bool {
        matches!(
            self.shape,
            Shape::String
                | Shape::Bool
                | Shape::Integer
                | Shape::Float
                | Shape::Timestamp
                | Shape::Named(_)
                | Shape::Enum(_)
        )
    }

    /// Equal up to prose, nullability and place in the document.
    pub fn same_shape(&self, other: &Node) -> bool {
        fn nodes(a: &Node, b: &Node) -> bool {
            a.nullable == b.nullable && a.same_shape(b)
        }
        match (&self.shape, &other.shape) {
            (Shape::Named(a), Shape::Named(b)) | (Shape::Ref(a), Shape::Ref(b)) => a == b,
            (Shape::Enum(a), Shape::Enum(b)) => a == b,
            (Shape::Filter(a), Shape::Filter(b)) => a == b,
            (Shape::List(a), Shape::List(b))
            | (Shape::Map(a), Shape::Map(b))
            | (Shape::OneOrMany(a), Shape::OneOrMany(b))
            | (Shape::Range(a), Shape::Range(b)) => nodes(a, b),
            (Shape::Object(a), Shape::Object(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| {
                        a.name == b.name && a.required == b.required && nodes(&a.node, &b.node)
                    })
            }
            (Shape::Tagged(a), Shape::Tagged(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b)
                        .all(|(a, b)| a.0 == b.0 && nodes(&a.1, &b.1))
            }
            (Shape::ListOrObject(a, b), Shape::ListOrObject(c, d)) => {
                nodes(a, c) && b.len() == d.len() && b.iter().zip(d).all(|(b, d)| nodes(b, d))
            }
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}
