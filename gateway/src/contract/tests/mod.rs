use super::*;

mod bodies;
mod operations;
mod queries;
mod replies;

fn operation(id: &str) -> &'static Operation {
    Contract::get()
        .operation(id)
        .unwrap_or_else(|| panic!("no operation {id}"))
}
